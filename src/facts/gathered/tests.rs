//! Tests of gathering.

use super::*;

/// A watch that knows one claim that is there and one that is going; the rest must be read.
struct Watched;

impl Facts for Watched {
    fn claim(&self, key: Key<'_>) -> Answer<Claim> {
        match key.name {
            "there" => Answer::Known(Claim::default()),
            "going" => Answer::Known(Claim { terminating: true }),
            "unlisted" => Answer::Unseen(Unseen::NotRead),
            _ => Answer::Absent,
        }
    }

    fn config_map(&self, _: Key<'_>) -> Answer<Arc<ConfigMap>> {
        Answer::Unseen(Unseen::NotRead)
    }
}

fn key(name: &str) -> Key<'_> {
    Key {
        namespace: "games",
        name,
    }
}

#[test]
fn what_speaks_against_the_object_is_doubted_until_it_is_read() {
    let mut replies = Replies::default();
    let gathered = Gathered::new(&Watched, &replies);
    for name in ["there", "going", "new", "new"] {
        let _ = gathered.claim(key(name));
    }
    let missing = gathered.missing();
    assert!(missing.unanswered.is_empty());
    let claims = ["going", "new"].map(|name| Question::Claim(key(name).into()));
    assert_eq!(missing.doubtful, claims);

    let [going, new] = claims;
    replies.insert(going, Reply::Claim(Answer::Absent), Age::Now);
    replies.insert(new, Reply::Claim(Answer::Known(Claim::default())), Age::Now);
    let gathered = Gathered::new(&Watched, &replies);
    assert_eq!(gathered.claim(key("going")), Answer::Absent);
    assert_eq!(gathered.claim(key("new")), Answer::Known(Claim::default()));
    assert!(gathered.missing().doubtful.is_empty());
}

#[test]
fn a_claim_that_another_review_did_not_find_is_read_again_before_a_denial() {
    let question = Question::Claim(key("unlisted").into());
    let doubts = |reply: Option<(Answer<Claim>, Age)>| {
        let mut replies = Replies::default();
        if let Some((answer, age)) = reply {
            replies.insert(question.clone(), Reply::Claim(answer), age);
        }
        let gathered = Gathered::new(&Watched, &replies);
        let _ = gathered.claim(key("unlisted"));
        let missing = gathered.missing();
        (missing.unanswered.len(), missing.doubtful.len())
    };
    assert_eq!(doubts(None), (1, 0));
    for gone in [Answer::Absent, Answer::Known(Claim { terminating: true })] {
        assert_eq!(doubts(Some((gone.clone(), Age::Recent))), (0, 1));
        assert_eq!(doubts(Some((gone, Age::Now))), (0, 0));
    }
    let there = Answer::Known(Claim::default());
    assert_eq!(doubts(Some((there, Age::Recent))), (0, 0));
}

#[test]
fn an_object_that_names_too_much_has_the_rest_unseen() {
    let replies = Replies::default();
    let gathered = Gathered::new(&Watched, &replies);
    let names: Vec<String> = (0..MOST_QUESTIONS + 2)
        .map(|at| format!("new-{at}"))
        .collect();
    for (at, name) in names.iter().enumerate() {
        let map = match at < MOST_QUESTIONS {
            true => Unseen::NotRead,
            false => Unseen::TooMany,
        };
        // What the watch says of the rest is not read again, and counts: else it could be hidden so.
        assert_eq!(gathered.claim(key(name)), Answer::Absent);
        assert_eq!(gathered.config_map(key(name)), Answer::Unseen(map));
    }
    // What was asked for stays so.
    assert_eq!(gathered.claim(key("new-0")), Answer::Absent);
    let missing = gathered.missing();
    assert_eq!(missing.unanswered.len(), MOST_QUESTIONS);
    assert_eq!(missing.doubtful.len(), MOST_QUESTIONS);

    // The room is that of the review: behind a read there is no more of it, but for reading again.
    let mut replies = Replies::default();
    for question in missing.unanswered {
        replies.insert(question, Reply::ConfigMap(Answer::Absent), Age::Recent);
    }
    let gathered = Gathered::new(&Watched, &replies);
    let unseen = Answer::Unseen(Unseen::TooMany);
    assert_eq!(gathered.claim(key("new-0")), Answer::Absent);
    assert_eq!(gathered.claim(key("unlisted")), unseen);
    assert_eq!(gathered.config_map(key("new-0")), Answer::Absent);
    assert_eq!(gathered.missing().doubtful.len(), 1);
}

#[test]
fn what_must_be_read_is_asked_once_and_an_old_answer_is_doubted() {
    let mut replies = Replies::default();
    let gathered = Gathered::new(&Watched, &replies);
    for _ in 0..2 {
        let answer = gathered.config_map(key("values"));
        assert_eq!(answer, Answer::Unseen(Unseen::NotRead));
    }
    let question = Question::ConfigMap(key("values").into());
    assert_eq!(
        gathered.missing().unanswered,
        std::slice::from_ref(&question)
    );

    for (age, doubts) in [(Age::Recent, 1), (Age::Now, 0)] {
        replies.insert(question.clone(), Reply::ConfigMap(Answer::Absent), age);
        let gathered = Gathered::new(&Watched, &replies);
        assert_eq!(gathered.config_map(key("values")), Answer::Absent);
        let missing = gathered.missing();
        assert!(missing.unanswered.is_empty());
        assert_eq!(missing.doubtful.len(), doubts);
    }
}

#[test]
fn whoever_knows_nothing_is_not_asked_to_read() {
    let replies = Replies::default();
    let gathered = Gathered::new(&NoFacts, &replies);
    let _ = gathered.claim(key("new"));
    let _ = gathered.config_map(key("values"));
    let _ = gathered.substitution(key("apps"));
    let missing = gathered.missing();
    assert!(missing.unanswered.is_empty() && missing.doubtful.is_empty());
}
