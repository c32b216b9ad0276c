DROP VIEW invariant_violations;
