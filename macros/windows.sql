{# The rows of the same keys that were known in the `length` up to and with this row. Rows of one
   instant are peers, so they all see each other and get the same values. #}
{% macro trailing(keys, instant, length) -%}
(
  partition by {{ keys }}
  order by {{ instant }}
  range between interval {{ length }} preceding and current row
)
{%- endmacro %}

{# The share of a window's flights that were late, from 0 to 1. #}
{% macro late_share(delay, window) -%}
avg(case when {{ delay }} >= {{ var('late_minutes') }} then 1 else 0 end) over {{ window }}
{%- endmacro %}
