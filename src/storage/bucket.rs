//! Objects in a bucket that speaks S3, by the crate `object_store`.
//!
//! The client is async and the callers are not: one thread of ours runs all requests, and each caller
//! waits for its own answer. So there is no queue to grow: there are as many requests as callers.

use std::fmt;
use std::ops::Range;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, PutMode, PutPayload, RetryConfig};
use tokio::runtime;
use tokio::sync::oneshot;

use crate::domain::time::Timestamp;
use crate::storage::error::StorageError;
use crate::storage::object::{BucketSpec, Listed, Objects, Put};

/// A server that takes longer to say hello is not there.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// One request, with all its bytes: a gigabyte in it is 4 MB/s, below which no checkpoint is kept up.
const REQUEST_WAIT: Duration = Duration::from_secs(240);
/// Requests that a server refused for now are asked again so often and so long; then the caller decides.
const RETRIES_MAX: usize = 6;
const RETRY_WAIT: Duration = Duration::from_secs(30);
/// S3 takes 5 GiB in one request, and only one request creates without replacing.
const OBJECT_BYTES_MAX: usize = 5 << 30;
/// Up to here it costs less to send the bytes of an object that is there than to ask first.
const SEND_UNASKED_BYTES_MAX: usize = 64 << 10;

/// Objects in a bucket.
pub(crate) struct Bucket {
    store: AmazonS3,
    prefix: String,
    place: String,
    runtime: runtime::Handle,
    /// The thread stops when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.place)
    }
}

impl Bucket {
    /// Opens a bucket, without asking for it.
    pub(crate) fn open(spec: &BucketSpec) -> Result<Bucket, StorageError> {
        let place = match spec.prefix.trim_matches('/') {
            "" => format!("s3://{}", spec.bucket),
            prefix => format!("s3://{}/{prefix}", spec.bucket),
        };
        let senseless = |message: String| StorageError::Spec { place: place.clone(), message };
        let store = client(spec).map_err(|error| senseless(error.to_string()))?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| senseless(error.to_string()))?;
        let (stop, stopped) = oneshot::channel();
        let handle = runtime.handle().clone();
        let thread = thread::Builder::new().name("storage".to_owned());
        let started = thread.spawn(move || runtime.block_on(stopped).ok());
        started.map_err(|error| senseless(error.to_string()))?;
        let prefix = spec.prefix.trim_matches('/').to_owned();
        Ok(Bucket { store, prefix, place, runtime: handle, _stop: stop })
    }

    /// Runs a request on our thread and waits for its answer, in a way that an async runtime allows.
    fn wait<T, F>(&self, action: &'static str, name: &str, request: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            // A caller that is gone needs no answer.
            answer.send(request.await).ok();
        });
        let failed = |message: String| {
            let (place, name) = (self.place.clone(), name.to_owned());
            StorageError::Failed { place, action, name, message }
        };
        let answer = answered.recv().map_err(|_| failed("its thread stopped".to_owned()))?;
        answer.map_err(|error| self.said(action, name, &error))
    }

    /// What the server said, as an error of ours.
    fn said(&self, action: &'static str, name: &str, error: &object_store::Error) -> StorageError {
        let (place, name, message) = (self.place.clone(), name.to_owned(), told(error));
        match error {
            // A bucket that is not there answers the same as an object that is not.
            object_store::Error::NotFound { .. }
                if action == "read" && !message.contains("NoSuchBucket") =>
            {
                StorageError::Missing { place, name }
            }
            object_store::Error::NotFound { .. } => StorageError::Spec {
                place,
                message: "there is no such bucket: make it, or name another".to_owned(),
            },
            object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. } => {
                let advice = "the key or role must be allowed to get, put, list and delete there";
                StorageError::Denied { place, action, name, message, advice }
            }
            _ => StorageError::Failed { place, action, name, message },
        }
    }

    fn path(&self, name: &str) -> Path {
        match self.prefix.as_str() {
            "" => Path::from(name),
            prefix => Path::from(format!("{prefix}/{name}")),
        }
    }

    fn size_bytes(&self, name: &str) -> Result<u64, StorageError> {
        let (store, path) = (self.store.clone(), self.path(name));
        self.wait("read", name, async move { Ok(store.head(&path).await?.size) })
    }

    /// Whether it was created, and not there already.
    fn create(&self, name: &str, bytes: Bytes) -> Result<bool, StorageError> {
        let (store, path) = (self.store.clone(), self.path(name));
        self.wait("write", name, async move {
            let payload = PutPayload::from(bytes);
            match store.put_opts(&path, payload, PutMode::Create.into()).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }
}

fn client(spec: &BucketSpec) -> object_store::Result<AmazonS3> {
    let is_plain = spec.endpoint.as_ref().is_some_and(|address| address.starts_with("http://"));
    let options = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_connect_timeout(CONNECT_WAIT)
        .with_timeout(REQUEST_WAIT);
    let retry = RetryConfig {
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_WAIT,
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(&spec.bucket)
        .with_client_options(options)
        .with_retry(retry);
    if let Some(endpoint) = &spec.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &spec.region {
        builder = builder.with_region(region);
    }
    builder.build()
}

/// An error and what caused it, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    match error.source().map(told) {
        Some(cause) if !text.contains(&cause) => format!("{text}: {cause}"),
        Some(_) | None => text,
    }
}

impl Objects for Bucket {
    fn put_new(&self, name: &str, bytes: Bytes) -> Result<Put, StorageError> {
        if OBJECT_BYTES_MAX < bytes.len() {
            let (place, name) = (self.place.clone(), name.to_owned());
            let message = format!("{} bytes, where S3 takes {OBJECT_BYTES_MAX}", bytes.len());
            return Err(StorageError::Failed { place, action: "write", name, message });
        }
        if SEND_UNASKED_BYTES_MAX < bytes.len() {
            match self.size_bytes(name) {
                Ok(size_bytes) => return Ok(Put::Existed { size_bytes }),
                Err(StorageError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if self.create(name, bytes)? {
            return Ok(Put::Created);
        }
        match self.size_bytes(name) {
            Ok(size_bytes) => Ok(Put::Existed { size_bytes }),
            // Somebody else was creating it at this moment, and the server let neither win.
            Err(StorageError::Missing { place, name }) => {
                let message = "another request for it was under way".to_owned();
                Err(StorageError::Failed { place, action: "write", name, message })
            }
            Err(error) => Err(error),
        }
    }

    fn get(&self, name: &str) -> Result<Bytes, StorageError> {
        let (store, path) = (self.store.clone(), self.path(name));
        self.wait("read", name, async move { store.get(&path).await?.bytes().await })
    }

    fn get_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, StorageError> {
        let (store, path) = (self.store.clone(), self.path(name));
        self.wait("read", name, async move { store.get_range(&path, range).await })
    }

    fn list(&self, below: &str) -> Result<Vec<Listed>, StorageError> {
        let (store, path) = (self.store.clone(), self.path(below));
        let found = self.wait("list", below, async move {
            store.list(Some(&path)).try_collect::<Vec<_>>().await
        })?;
        let listed = found.into_iter().filter_map(|object| {
            let path = object.location.as_ref();
            let name = path.strip_prefix(&self.prefix)?.trim_start_matches('/').to_owned();
            let created_at = Timestamp::from_micros(object.last_modified.timestamp_micros());
            Some(Listed { name, size_bytes: object.size, created_at })
        });
        let mut listed: Vec<Listed> = listed.collect();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        let (store, path) = (self.store.clone(), self.path(name));
        self.wait("delete", name, async move {
            match store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }
}
