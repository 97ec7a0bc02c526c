{# The rows of the same keys in the `length` up to and with this row. #}
{% macro trailing(keys, instant, length) -%}
(
  partition by {{ keys }}
  order by {{ instant }}
  range between interval {{ length }} preceding and current row
)
{%- endmacro %}
