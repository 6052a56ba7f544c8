-- Made for the CastChat sandbox: an extension that depends on another one.
create function area_of(place text) returns text language sql immutable as $$ select 'area of ' || place $$;
