//! Pages of memory: small ones for what runs on Kafka.

/// Asks the system for pages of 4 KiB only. Kafka's client allocates per record in one thread and frees in
/// another; with pages of 2 MiB the system clears far more memory than is used: 0.3 CPU s of a million
/// Observations (`twin bench throughput`). Where the system cannot, it goes on as it is.
pub fn use_small() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "large pages stay on");
    }
}
