-- Refused models: a name, the error's code, line:column in the template, a part of what it says.
-- Each model follows its heading; `view:` and `service:` stand for their config lines.

-- @ syntax | syntax | 1:15 | syntax error
select 1 as x +
-- @ two statements | one-statement | 1:23 | several statements
select 1 as x; select 2 as y
-- @ no select | not-select | 1:12 | this is DROP
drop table x
-- @ attach | not-select | 1:8 | this is ATTACH
attach 'x.db'
-- @ copy | not-select | 1:14 | this is COPY
copy (select 1) to 'x'
-- @ nothing | empty | 1:1 | no SQL
-- only a comment
-- @ bare table | bare-table | 1:18 | without ref or source
select code from spine
-- @ schema by hand | bare-table | 1:15 | is no ref or source
select * from source.spine
-- @ file function | table-function | 1:15 | 'read_csv' is no table function
select * from read_csv('/etc/passwd')
-- @ file as a table | bare-table | 1:15 | without ref or source
select * from '/etc/passwd'
-- @ unknown column | unknown-column | 1:8 | did you mean 'code'
select s.cod from {{ source('spine') }} s
-- @ unknown unqualified column | unknown-column | 1:8 | no column 'cde'
select cde from {{ source('spine') }} s
-- @ unknown relation | unknown-relation | 1:8 | no relation 'z'
select z.code from {{ source('spine') }} s
-- @ ambiguous | ambiguous-column | 1:8 | in a and in b
select code from {{ source('spine') }} a join {{ source('pair_rows') }} b on a.code = b.code
-- @ unnamed | unnamed-column | 1:8 | has no name
select count(*) from {{ source('spine') }}
-- @ twice | duplicate-column | 1:8 | two columns are 'code'
select code, code from {{ source('spine') }}
-- @ reserved | reserved-name | 1:8 | two underscores
select code as __row from {{ source('spine') }}
-- @ unknown function | unknown-function | 1:8 | frobnicate
select frobnicate(code) as x from {{ source('spine') }}
-- @ random | non-deterministic | 1:8 | random
select random() as x from {{ source('spine') }}
-- @ now | non-deterministic | 1:8 |
select now() as x from {{ source('spine') }}
-- @ types | type-mismatch | 1:8 | sum
select sum(code) as x from {{ source('spine') }}
-- @ parameter | placeholder | 1:13 | no parameters
select ? as x from {{ source('spine') }}
-- @ second line | unknown-column | 3:3 | nope
select
  code,
  nope
from {{ source('spine') }}
-- @ after a macro of lines | unknown-column | 4:8 | nope
{% set names = ['code',
  'other'] %}
select {{ names | join(', ') }},
       nope
from {{ source('spine') }}
-- @ view without its key | missing-key | 1:4 | lacks 'code'
view: select ts, 1 as x from {{ source('single_rows') }}
-- @ view with a key of another type | key-type | 2:8 | cast it to VARCHAR
view:
select n as code, ts, f from {{ source('single_rows') }}
-- @ view without its instant | unknown-column | 1:4 | config names 'ts'
view: select code, f from {{ source('single_rows') }}
-- @ view with a wrong instant | instant-type | 2:14 | has to be TIMESTAMP
view:
select code, f as ts, n from {{ source('single_rows') }}
-- @ view without a feature | no-features | 1:4 | no feature column
view: select code, ts from {{ source('single_rows') }}
-- @ feature called like an instant | reserved-name | 2:18 | another name
view:
select code, ts, f as event_ts from {{ source('single_rows') }}
-- @ view joined with a condition | join-keys | 4:56 | is no equality of a key
service:
select s.asked_at, a.f
from {{ source('spine') }} s
left join {{ ref('single') }} a on a.code = s.code and a.f > 1
-- @ view of everybody joined on a column | join-keys | 4:39 | newest row counts for everybody
service:
select s.asked_at, e.rate
from {{ source('spine') }} s
left join {{ ref('everybody') }} e on e.ts = s.asked_at
-- @ view of everybody joined on false | join-keys | 4:11 | newest row counts for everybody
service:
select s.asked_at, e.rate
from {{ source('spine') }} s
left join {{ ref('everybody') }} e on false
-- @ view joined on half of its key | join-keys | 4:11 | does not name its key part
service:
select s.asked_at, p.t
from {{ source('spine') }} s
left join {{ ref('pair') }} p on p.code = s.code
-- @ view joined on a key of another type | type-mismatch | 4:36 | cannot compare VARCHAR with BIGINT
service:
select s.asked_at, a.f
from {{ source('spine') }} s
left join {{ ref('single') }} a on a.code = s.part
-- @ inner join | view-join | 4:6 | joined by JOIN
service:
select s.asked_at, a.f
from {{ source('spine') }} s
join {{ ref('single') }} a on a.code = s.code
-- @ join on an expression | join-keys | 4:45 | no column of the spine
service:
select s.asked_at, a.f
from {{ source('spine') }} s
left join {{ ref('single') }} a on a.code = lower(s.code)
-- @ join in a staging model | view-join | 3:11 | staging model cannot join
select s.code, a.f
from {{ source('spine') }} s
left join {{ ref('single') }} a on a.code = s.code
-- @ service with where | service-shape | 4:7 | no WHERE
service:
select s.asked_at, s.code
from {{ source('spine') }} s
where s.code = 'a'
-- @ service with an aggregate | service-shape | 2:24 | a service has no
service:
select s.asked_at, max(s.code) as m
from {{ source('spine') }} s
-- @ service with limit | service-shape | 4:7 | no LIMIT
service:
select s.asked_at, s.code
from {{ source('spine') }} s
limit 3
-- @ service with a plain join | service-shape | 4:11 | no feature view
service:
select s.asked_at, s.code
from {{ source('spine') }} s
left join {{ source('pair_rows') }} p on p.code = s.code
-- @ label reaches a feature | label-leak | 2:30 | makes a label
labelled:
select s.asked_at, s.weight, s.weight + 1 as leak
from {{ source('spine') }} s
-- @ feature needs what no request brings | not-in-request | 2:20 | request=['weight']
service:
select s.asked_at, a.f * s.weight as x
from {{ source('spine') }} s
left join {{ ref('single') }} a on a.code = s.code
-- @ instant from a view | instant | 2:8 | column of the spine
service:
select a.ts as asked_at
from {{ source('spine') }} s
left join {{ ref('single') }} a on a.code = s.code
-- @ for update | unsupported | 1:8 | no FOR UPDATE
select code from {{ source('spine') }} for update
-- @ sample | non-deterministic | 1:8 | filter by a hash
select code from {{ source('spine') }} using sample 10
-- @ table sample | non-deterministic | 1:18 | no USING SAMPLE
select code from {{ source('spine') }} tablesample 10%
-- @ pivot | unsupported | 1:44 | FILTER (WHERE
select * from {{ source('spine') }} pivot (sum(part) for code in ('a'))
-- @ pivot as a statement | not-select | 1:7 | PIVOT
pivot {{ source('spine') }} on code using sum(part)
-- @ unpivot in from | unsupported | 1:24 | PIVOT
select * from (unpivot {{ source('spine') }} on part, weight)
-- @ columns by expression | unsupported | 1:8 | name the columns
select columns('a|b') from {{ source('spine') }}
-- @ star by pattern | unsupported | 1:8 | name the columns
select * like 'a%' from {{ source('spine') }}
-- @ into | unsupported | 1:8 | no INTO
select code into t from {{ source('spine') }}
-- @ time travel | unsupported | 1:18 | no AT
select code from {{ source('spine') }} at (version => 1)
-- @ join without a condition | syntax | 1:49 | CROSS JOIN
select a.code from {{ source('spine') }} a join {{ source('pair_rows') }}
-- @ join within a join | unsupported | 2:7 | one after the other
select a.code from {{ source('spine') }} a
join ({{ source('spine') }} b join {{ source('pair_rows') }} c using (code)) using (code)
-- @ positional join | non-deterministic | 1:60 | join on a key
select a.code from {{ source('spine') }} a positional join {{ source('pair_rows') }} b
-- @ asof right using | unsupported | 1:60 | its ON condition
select a.code from {{ source('spine') }} a asof right join {{ source('pair_rows') }} b using (code)
-- @ byte escapes | syntax | 1:8 | the character itself
select E'\xc3\xa9' as x
-- @ file function by its operator's name | forbidden-function | 1:8 | glob
select glob('*') as x
-- @ two columns for a value | type-mismatch | 1:16 | 2 columns
select (select code, part from {{ source('spine') }}) as x
-- @ a relation's name for a value | unknown-column | 1:19 | its whole row
select code as s, s || 'x' as y from {{ source('spine') }} s
