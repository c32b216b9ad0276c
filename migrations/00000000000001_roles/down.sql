DROP FUNCTION refuse_change();
-- The roles stay: other databases of the cluster may use them.
