-- Made for the CastChat sandbox: an extension that needs another one to be there.
create function area_of(place text) returns text language sql immutable as $$ select 'area of ' || place $$;
