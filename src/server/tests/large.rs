//! A small review that names a large ConfigMap.

use std::sync::Mutex;
use std::thread::{self, ThreadId};

use super::*;
use crate::facts::{ConfigMap, Unseen};

/// Reads a ConfigMap of that size for every question, and notes which threads ask.
struct Reading {
    size: usize,
    asked_by: Mutex<Vec<ThreadId>>,
}

impl Facts for Reading {
    fn config_map(&self, _: Key<'_>) -> Answer<Arc<ConfigMap>> {
        let mut asked_by = self.asked_by.lock().expect("the lock");
        asked_by.push(thread::current().id());
        Answer::Unseen(Unseen::NotRead)
    }
}

impl Knowledge for Reading {
    fn read<'a>(
        &'a self,
        questions: Vec<Question>,
        age: Age,
        _: Instant,
    ) -> Pin<Box<dyn Future<Output = Replies> + Send + 'a>> {
        let text = format!("# {}", "x".repeat(self.size));
        let data = [("values.yaml".to_owned(), text)].into();
        let map = Arc::new(ConfigMap { data });
        let mut replies = Replies::default();
        for question in questions {
            let reply = Reply::ConfigMap(Answer::Known(Arc::clone(&map)));
            replies.insert(question, reply, age);
        }
        Box::pin(ready(replies))
    }
}

#[tokio::test]
async fn what_was_read_for_a_review_counts_for_its_size() {
    let mut release = release("4.6.2");
    release["spec"]["valuesFrom"] = json!([{"kind": "ConfigMap", "name": "app-values"}]);
    let limits = limits();
    for (size, is_here) in [(100, true), (limits.inline, false)] {
        let knowledge = Arc::new(Reading {
            size,
            asked_by: Mutex::default(),
        });
        let app = App::new(Policy::builtin(), knowledge.clone(), limits);
        let response = answered(&router(Arc::new(app)), "/validate", &review(&release)).await;
        assert_eq!(response["allowed"], true, "{response}");
        let asked_by = knowledge.asked_by.lock().expect("the lock");
        let here = thread::current().id();
        assert_eq!(asked_by.first(), Some(&here));
        assert_eq!(asked_by.last() == Some(&here), is_here);
    }
}
