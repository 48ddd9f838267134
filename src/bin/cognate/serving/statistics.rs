//! Log lines about the work between the server and a shared store.

use std::sync::Arc;
use std::time::Duration;

use cognate::store::{PostgresStatistics, PostgresStore};
use tokio::time::sleep;
use tracing::info;

/// Logs the statistics once a minute if they have changed, and never returns.
pub(crate) async fn report(store: Arc<PostgresStore>) {
    const PERIOD: Duration = Duration::from_secs(60);

    let mut logged = store.statistics();
    loop {
        sleep(PERIOD).await;
        let now = store.statistics();
        if now != logged {
            log(&now);
            logged = now;
        }
    }
}

/// Logs the statistics since the start.
pub(crate) fn log(statistics: &PostgresStatistics) {
    info!(
        reads = statistics.reads,
        commits = statistics.commits,
        serialization_retries = statistics.serialization_retries,
        deadlock_retries = statistics.deadlock_retries,
        unique_retries = statistics.unique_retries,
        settled_happened = statistics.settled_happened,
        settled_absent = statistics.settled_absent,
        unknown = statistics.unknown,
        waits = statistics.waits,
        waited_ms = u64::try_from(statistics.waited.as_millis()).unwrap_or(u64::MAX),
        connections_opened = statistics.connections_opened,
        connections_broken = statistics.connections_broken,
        "store"
    );
}
