use schema::{Connection, Error, queries::leases};

use super::Lease;

/// Locks a job that is still held, until the transaction ends: nobody can rescue it meanwhile. `false`: it was
/// lost, and nothing may be written on its behalf. Comes before any other lock.
pub(crate) async fn lock_if_held(connection: &mut Connection, lease: &Lease) -> Result<bool, Error> {
    let (ids, lease_nos) = ([lease.job_id], [lease.lease_no]);
    let fences = leases::Fences { worker_id: lease.worker_id.as_str(), ids: &ids, lease_nos: &lease_nos };
    Ok(!leases::lock_held_for_update(connection, fences).await?.is_empty())
}
