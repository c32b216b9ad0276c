//! A filled database is a shop whose books are right.

use pipeline_tests::{Filling, fill};
use test_support::TestDatabase;

#[tokio::test]
async fn a_filling_has_the_size_asked_for_breaks_no_promise_and_is_done_once() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let filling = Filling { jobs: 5_000, orders: 900 };
    let filled = fill(&client, filling, |_| ()).await.expect("it can be filled");
    assert_eq!((filled.jobs, filled.orders), (5_000, 900));
    database.assert_no_violations().await;
    let read = "SELECT count(*) FROM job_queue WHERE status = 'pending' AND run_at <= now()";
    assert_eq!(client.query_one(read, &[]).await.expect("a row").get::<_, i64>(0), 0, "a worker would stir");
    let read = "SELECT count(*) FROM review_cases WHERE status = 'open'";
    assert!(client.query_one(read, &[]).await.expect("a row").get::<_, i64>(0) > 0);
    let again = fill(&client, filling, |_| ()).await;
    assert!(again.is_err_and(|error| error.to_string().contains("filled before")));
}
