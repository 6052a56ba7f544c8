-- The values that break dumps, copies and comparisons, each at least once whatever the size. No random, no clock.

insert into public.awkward_values (id, label, text_value) values
  (1, 'all null', null),
  (2, 'empty string', ''),
  (3, 'the null marker of COPY text', '\N'),
  (4, 'the end marker of COPY text', '\.'),
  (5, 'backslashes', 'C:\new\table \\ \t \x41 \'),
  (6, 'tabs and newlines', E'one\ttwo\nthree\r\nfour\rfive\vsix\f'),
  (7, 'quotes', 'it''s "quoted" $$dollar$$ $tag$ `tick` "" '''''),
  (8, 'Japanese', '俳優募集：東京都渋谷区。１２３ ｶﾀｶﾅ 髙﨑 𠮷野家'),
  (9, 'emoji with joiners, flags and skin', '👩‍👩‍👧‍👦 🇯🇵 👍🏽 🏴󠁧󠁢󠁳󠁣󠁴󠁿'),
  (10, 'composed and decomposed が é', U&'\304C \304B\3099 \00E9 e\0301'),
  (11, 'right to left, zero width, byte order mark', U&'\05E9\05DC\05D5\05DD\200F\200B\FEFF\2028'),
  (12, 'control characters', E'\x01\x02\x1b[31m\x7f'),
  (13, 'spaces around', '  padded  '),
  (14, 'looks like a command', E'\\restrict x\n\\! id\n-- ''; drop table posts; --'),
  (15, 'commas and braces', '{a,"b",NULL},(1,2)'),
  (16, 'the word null', 'NULL');

-- One megabyte in a row, of hashes, so that it does not compress away, and one that does.
insert into public.awkward_values (id, label, text_value)
  select 20, 'one megabyte that does not compress', string_agg(md5(n::text), '' order by n) from generate_series(1, 32768) n;
insert into public.awkward_values (id, label, text_value) values (21, 'one megabyte that compresses', repeat('長い文。', 87382));

-- Every byte, zero included; then only zeros; then none.
insert into public.awkward_values (id, label, bytes)
  select 30, 'every byte value', decode(string_agg(lpad(to_hex(n), 2, '0'), '' order by n), 'hex') from generate_series(0, 255) n;
insert into public.awkward_values (id, label, bytes) values
  (31, 'zero bytes', '\x00000000'),
  (32, 'no bytes', '\x'),
  (33, 'bytes that look like text', '\x5c4e0a5c2e0a');

insert into public.awkward_values (id, label, json_value, jsonb_value) values
  (40, 'json keeps spaces, order, doubles and NUL', '{"b" : 1,  "a":2, "b": 3, "nul": "\u0000"}', '{"b": 1, "a": 2, "b": 3}'),
  (41, 'nested and Japanese', '[[[[]]]]', '{"役": {"名前": "花子 🎭", "年齢": [null, true, 1e-7, "\"\\\n"]}, "": {}}'),
  (42, 'json null is not NULL', 'null', 'null'),
  (43, 'numbers beyond a double', '12345678901234567890.123456789', '12345678901234567890.1234567890'),
  (44, 'escaped emoji', '"\ud83d\ude00"', '"\ud83d\ude00"');

insert into public.awkward_values (id, label, real_value, double_value, numeric_value, integer_value) values
  (50, 'not a number', 'NaN', 'NaN', 'NaN', 0),
  (51, 'infinity', 'Infinity', 'Infinity', 'Infinity', 9223372036854775807),
  (52, 'minus infinity', '-Infinity', '-Infinity', '-Infinity', -9223372036854775808),
  (53, 'minus zero', '-0', '-0', 0, -1),
  (54, 'needs every digit', 0.1, 0.1::double precision + 0.2, 0.10000000000000000000000000000000000001, 1),
  (55, 'smallest and trailing zeros', 1e-45, 5e-324, 1.50000, 2),
  (56, 'largest', 3.4028235e38, 1.7976931348623157e308, 1e500, 3);

insert into public.awkward_values (id, label, day, moment, local_moment, duration, period) values
  (60, 'infinite', 'infinity', 'infinity', 'infinity', 'infinity', '[-infinity,infinity]'),
  (61, 'minus infinite', '-infinity', '-infinity', '-infinity', '-infinity', '(,)'),
  (62, 'before Christ', '4713-01-01 BC', '4713-01-02 00:00:00+00 BC', '0001-12-31 23:59:59 BC', '-178000000 years', 'empty'),
  (63, 'far future', '5874897-12-31', '294276-12-31 23:59:59.999999+00', '294276-12-31 23:59:59.999999', '1 mon -1 day 00:00:00.000001', '["2026-01-01 00:00:00+09",)'),
  (64, 'microseconds, leap day, old offset', '2024-02-29', '1887-12-31 23:59:59.123456+09:18:59', '2026-10-25 02:30:00', '-00:00:01.5', '(,"2026-01-01 00:00:00+00"]');

insert into public.awkward_values (id, label, texts, numbers, grid) values
  (70, 'nulls inside', array[null, 'NULL', '', ' ', 'a"b\c,d{e}', E'x\ny'], array['NaN', null, 'Infinity', '-0']::double precision[], '{{1,NULL},{NULL,4}}'),
  (71, 'empty', '{}', '{}', '{}'),
  (72, 'other lower bounds', '[0:1]={zero,one}', '[-2:0]={1,2,3}', '[5:5][2:3]={{1,2}}');

insert into public.awkward_values (id, label, flag, bits, address, place, document, pay, fixed) values
  (80, 'other types', true, B'0101', '2001:db8::1/64', '(NaN,-Infinity)', '<役 name="&amp;">花子 &lt;3</役>', '(1000.50,,"JP,Y")', 'ab'),
  (81, 'other types, nothing in them', false, B'', '10.0.0.0/8', '(0,-0)', '', '(,,)', '');

insert into public."Casting 募集" ("出演者 名", "select", "he said ""はい""") values
  ('山田 太郎', 1, true), ('O''Brien "the \ voice"', null, null), (E'改行\nあり', -2147483648, false);

insert into public.notices values (1, 'only the parent has this'), (2, null);
insert into public.urgent_notices values (1, 'the child''s own', '2026-10-01'), (3, '', 'infinity');

insert into public.page_views
  select '/posts/' || n % 3, date '2026-10-01' from generate_series(1, 12) n;
insert into public.page_views values (null, null), (null, null), ('/posts/0', null);
