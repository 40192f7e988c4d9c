//! What the window is told without asking.
//!
//! [`Notices`] holds the page's channel. Whoever has something to say often (a run's progress) thins it before it comes here.

use std::sync::{Mutex, PoisonError};

use tauri::ipc::Channel;

use crate::wire::{Notice, RunView, StateCounts};

/// Where notices go: to the page that watches, and nowhere while none does.
#[derive(Default)]
pub(crate) struct Notices {
    channel: Mutex<Option<Channel<Notice>>>,
}

impl Notices {
    /// From now on `channel` is told; a page that was loaded again takes the place of the one before.
    pub(crate) fn watch(&self, channel: Channel<Notice>) {
        *self.channel.lock().unwrap_or_else(PoisonError::into_inner) = Some(channel);
    }

    /// A run has come further.
    pub(crate) fn run(&self, run: RunView) {
        self.send(Notice::Run { run: Box::new(run) });
    }

    /// Counts of a queue have changed.
    pub(crate) fn queue(&self, queue_id: String, counts: StateCounts) {
        self.send(Notice::Queue { queue_id, counts });
    }

    /// Something about the engine that a person must know.
    pub(crate) fn engine(&self, message: String) {
        self.send(Notice::Engine { message });
    }

    fn send(&self, notice: Notice) {
        let channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A page that is gone hears nothing; the next one asks for the state of things when it starts.
        if let Some(Err(error)) = channel.map(|channel| channel.send(notice)) {
            tracing::debug!("a notice did not reach the page: {error}");
        }
    }
}
