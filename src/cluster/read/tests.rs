//! What is kept, what is asked for, and how much of it.

use super::*;
use crate::facts::{Facts, Gathered};

/// Reads of which one has the answer already: a ConfigMap of that size.
async fn with_map(size: usize, names: &[&str]) -> (Reads, Vec<Question>) {
    let reads = Reads::new(Cluster::of_nobody().await, Vec::new());
    let questions: Vec<Question> = names.iter().map(|name| map(name)).collect();
    for question in &questions {
        let data = [("values.yaml".to_owned(), "x".repeat(size))].into();
        let reply = Reply::ConfigMap(Answer::Known(Arc::new(ConfigMap { data })));
        let kept = reads.keep(question, Age::Recent);
        assert!(kept.reply.set(reply).is_ok());
    }
    (reads, questions)
}

fn map(name: &str) -> Question {
    Question::ConfigMap(Name {
        namespace: "games".to_owned(),
        name: name.to_owned(),
    })
}

#[tokio::test]
async fn nobody_is_asked_for_what_no_object_can_be_called() {
    let reads = Reads::new(Cluster::of_nobody().await, Vec::new());
    let asked = async |namespace: &str, name: &str| {
        let question = Question::ConfigMap(Name {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
        match reads.one(&question, Age::Now, |_| Ok(None)).await {
            Reply::ConfigMap(answer) => answer,
            _ => panic!("an answer to another question"),
        }
    };
    for name in [
        "../../vault/configmaps/keys",
        "?watch=1",
        "v/",
        "v#x",
        "a b",
        "",
    ] {
        assert_eq!(asked("games", name).await, Answer::Absent, "{name}");
    }
    let elsewhere = asked("games/configmaps/../../vault", "keys").await;
    assert_eq!(elsewhere, Answer::Absent);
    // Nobody answers there.
    let failed = Answer::Unseen(Unseen::Failed { status: None });
    assert_eq!(asked("games", "values").await, failed);
}

#[tokio::test]
async fn what_is_large_is_not_kept() {
    for (size, kept) in [(LARGE / 2, 1), (LARGE + 1, 0)] {
        let (reads, questions) = with_map(size, &["values"]).await;
        let applier = |_: Key<'_>| Ok(None);
        let reply = reads.one(&questions[0], Age::Recent, applier).await;
        assert!(reply.size() >= size);
        assert_eq!(reads.lock().len(), kept);
    }
}

#[tokio::test]
async fn one_review_holds_no_more_than_can_be_judged() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let (reads, questions) = with_map(MOST_BYTES / 4, &names).await;
    let until = Instant::now() + Duration::from_secs(2);
    let replies = reads
        .read(questions.clone(), Age::Recent, until, |_| Ok(None))
        .await;
    let facts = Gathered::new(&NotRead, &replies);
    let seen = names.map(|name| {
        let namespace = "games";
        match facts.config_map(Key { namespace, name }) {
            Answer::Known(_) => true,
            answer => {
                assert_eq!(answer, Answer::Unseen(Unseen::TooLarge));
                false
            }
        }
    });
    // Their keys take some room too.
    assert_eq!(seen, [true, true, true, false, false, false]);
}

struct NotRead;

impl Facts for NotRead {
    fn config_map(&self, _: Key<'_>) -> Answer<Arc<ConfigMap>> {
        Answer::Unseen(Unseen::NotRead)
    }
}

#[tokio::test]
async fn an_old_answer_is_neither_used_nor_kept() {
    let reads = Reads::new(Cluster::of_nobody().await, Vec::new());
    let question = map("values");
    let first = reads.keep(&question, Age::Recent);
    let shares = |other: &Kept| Arc::ptr_eq(&first.reply, &other.reply);
    assert!(shares(&reads.keep(&question, Age::Recent)));
    reads.forget();
    assert!(shares(&reads.keep(&question, Age::Recent)));

    let long_ago = Instant::now().checked_sub(KEPT).expect("a clock");
    for kept in reads.lock().values_mut() {
        kept.began = long_ago;
    }
    reads.forget();
    assert!(reads.lock().is_empty());
    assert!(!shares(&reads.keep(&question, Age::Recent)));
    assert!(!shares(&reads.keep(&question, Age::Now)));
}
