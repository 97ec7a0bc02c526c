{# Turn a clock's time, written as the number HHMM, into minutes since midnight. 24:00 is 1440. #}
{% macro hhmm_to_minutes(hhmm) -%}
({{ hhmm }} // 100 * 60 + {{ hhmm }} % 100)
{%- endmacro %}

{# The whole minutes of an instant since its day began. #}
{% macro minute_of_day(instant) -%}
(extract(hour from {{ instant }}) * 60 + extract(minute from {{ instant }}))
{%- endmacro %}

{# By how many minutes an airport's clock is ahead of its standard time. All of the United States that
   keep summer time change at 02:00 of their own clocks, on the same days. #}
{% macro summer_time_minutes(standard_time, keeps_summer_time) -%}
case
      when {{ keeps_summer_time }}
        and {{ standard_time }} >= timestamp {{ var('summer_time_starts') }}
        and {{ standard_time }} < timestamp {{ var('summer_time_ends') }}
      then 60
      else 0
    end
{%- endmacro %}
