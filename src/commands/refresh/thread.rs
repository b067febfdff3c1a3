//! A thread for each arm, as if it were a process of its own: when one arm's expiry sets a hundred calls free at
//! once, they must not stand in line before the calls of another.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::clock;
use crate::measure::Call;
use crate::measure::load::CallFuture;

/// A runtime with one thread. Dropping it ends what runs on it.
pub(super) struct OwnThread(Option<Runtime>);

impl OwnThread {
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(name)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs `future` on this thread.
    pub async fn run<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let runtime = self.0.as_ref().expect("only dropping takes it away");
        match runtime.spawn(future).await {
            Ok(output) => output,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        // A runtime must not be waited for where other tasks run.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes a call's calls on a thread of their own. The way there counts as waiting for the start.
pub(super) struct OnThread {
    pub thread: Arc<OwnThread>,
    pub call: Arc<dyn Call>,
}

impl Call for OnThread {
    fn call(&self) -> CallFuture<'_> {
        let call = Arc::clone(&self.call);
        let sent = clock::now();
        Box::pin(self.thread.run(async move {
            let on_the_way = clock::since(sent);
            let mut sample = call.call().await;
            sample.queued(on_the_way);
            sample
        }))
    }
}
