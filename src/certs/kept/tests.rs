//! Tests of what the Secret holds: round trips, rotations, and whatever bytes somebody puts there.

use proptest::prelude::*;

use super::super::testing::{later, names, now, verify};
use super::*;

const SERVICE: &str = "lockkeeper.flux-system.svc";
const OVERLAP: SignedDuration = SignedDuration::from_hours(1);

type Data = BTreeMap<String, Vec<u8>>;

fn made() -> Kept {
    Kept::make(&names(&[SERVICE]), now()).expect("a CA")
}

fn rotated(kept: Kept, at: Timestamp) -> Kept {
    kept.rotate(&names(&[SERVICE]), at, OVERLAP)
        .expect("a rotation")
}

fn read(data: &Data) -> Kept {
    Kept::read(data).expect("readable").expect("a CA")
}

fn with(data: &Data, key: &str, value: &[u8]) -> Data {
    let mut data = data.clone();
    data.insert(key.to_owned(), value.to_owned());
    data
}

fn without(data: &Data, key: &str) -> Data {
    let mut data = data.clone();
    data.remove(key);
    data
}

#[test]
fn it_reads_back_what_it_wrote() {
    assert!(Kept::read(&Data::new()).expect("readable").is_none());
    let first = made();
    let data = first.write();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["ca.crt", "ca.key"]);
    assert_eq!(read(&data).trusted(), first.trusted());
    let second = rotated(first, now());
    let data = second.write();
    let again = read(&data);
    assert_eq!(again.until, second.until);
    assert_eq!(again.previous, second.previous);
    assert_eq!(again.current.bundle(), second.current.bundle());
    assert!(again.write() == data);
}

#[test]
fn a_rotation_trusts_both_until_its_overlap_is_over() {
    let first = made();
    let old = first.current.bundle();
    let pair = first
        .current
        .issue(&names(&[SERVICE]), now())
        .expect("a pair");
    let second = rotated(first, now());
    assert!(second.trusted().contains(&old));
    assert_eq!(verify(&second.trusted(), &pair, SERVICE, now()), Ok(()));
    let new = second
        .current
        .issue(&names(&[SERVICE]), now())
        .expect("a pair");
    assert_eq!(verify(&second.trusted(), &new, SERVICE, now()), Ok(()));
    let of = names(&[SERVICE]);
    assert_eq!(second.next(&of, now()), Step::Nothing);
    let almost = now() + SignedDuration::from_mins(59);
    assert_eq!(second.next(&of, almost), Step::Nothing);
    let over = later(now(), 2);
    assert_eq!(second.next(&of, over), Step::Retire);
    let third = second.retire();
    assert_eq!(third.trusted(), third.current.bundle());
    assert_eq!(third.next(&of, over), Step::Nothing);
}

#[test]
fn it_rotates_when_it_is_due_or_the_names_are_others() {
    let kept = made();
    let of = names(&[SERVICE]);
    assert_eq!(kept.next(&of, now()), Step::Nothing);
    let due = kept.current.due();
    assert_eq!(
        kept.next(&of, due - SignedDuration::from_secs(1)),
        Step::Nothing
    );
    assert_eq!(kept.next(&of, due), Step::Rotate);
    assert_eq!(
        kept.next(&names(&[SERVICE, "10.0.0.1"]), now()),
        Step::Rotate
    );
    let behind = now() - SignedDuration::from_hours(48);
    assert_eq!(kept.next(&of, behind), Step::Nothing);
}

#[test]
fn too_many_rotations_within_one_overlap_are_told_to_wait() {
    let of = names(&[SERVICE]);
    let mut kept = made();
    for _ in 0..MOST_PREVIOUS {
        kept = rotated(kept, now());
    }
    assert_eq!(kept.previous.len(), MOST_PREVIOUS);
    let data = kept.write();
    let until = kept.until.expect("a time");
    let refused = kept.rotate(&of, now(), OVERLAP).err().expect("an error");
    assert!(matches!(refused, CertsError::TooSoon { until: told, .. } if told == until));
    let kept = rotated(read(&data), until);
    assert_eq!(kept.previous.len(), 1);
}

#[test]
fn a_shorter_overlap_does_not_cut_an_earlier_one() {
    let of = names(&[SERVICE]);
    let first = rotated(made(), now());
    let until = first.until;
    let second = first
        .rotate(&of, now(), SignedDuration::from_secs(5))
        .expect("a rotation");
    assert_eq!(second.until, until);
}

#[test]
fn a_ca_whose_time_is_over_is_trusted_no_more() {
    let kept = made();
    let over = later(kept.current.not_after(), 1);
    let kept = rotated(kept, over);
    assert!(kept.previous.is_empty() && kept.until.is_none());
    assert_eq!(kept.write().len(), 2);
}

#[test]
fn what_is_half_there_or_broken_is_told_by_its_key() {
    let other = made();
    let data = rotated(made(), now()).write();
    let own = String::from_utf8(data["ca.key"].clone()).expect("PEM");
    let not_utf8 = [0xff, 0xfe];
    let cases: Vec<(&str, Data)> = vec![
        ("ca.crt", without(&data, "ca.crt")),
        ("ca.key", without(&data, "ca.key")),
        ("previous.crt", without(&data, "previous.crt")),
        ("previous.until", without(&data, "previous.until")),
        (
            "ca.key",
            with(&data, "ca.key", other.current.key_pem().as_bytes()),
        ),
        ("ca.crt", with(&data, "ca.crt", &data["ca.key"])),
        ("ca.key", with(&data, "ca.key", &data["ca.crt"])),
        ("previous.crt", with(&data, "previous.crt", &data["ca.key"])),
        ("previous.until", with(&data, "previous.until", b"soon")),
    ];
    let keys = ["ca.crt", "ca.key", "previous.crt", "previous.until"];
    let empty = keys.map(|key| (key, with(&data, key, b"")));
    let bytes = keys.map(|key| (key, with(&data, key, &not_utf8)));
    let cut = keys[..3]
        .iter()
        .map(|&key| (key, with(&data, key, &data[key][..100])));
    for (key, data) in cases.into_iter().chain(empty).chain(bytes).chain(cut) {
        let error = Kept::read(&data).err().expect(key);
        assert!(
            matches!(error, CertsError::Kept { key: told, .. } if told == key),
            "{key}"
        );
        let told = format!("{error} {error:?}");
        assert!(told.contains("restore it"));
        for key in [&own, other.current.key_pem()] {
            let mut lines = key.lines().skip(1);
            assert!(lines.all(|line| line.starts_with("-----") || !told.contains(line)));
        }
    }
}

#[test]
fn a_secret_of_somebody_else_is_left_alone() {
    let tls = Data::from([("tls.crt".to_owned(), Vec::new())]);
    assert!(matches!(Kept::read(&tls), Err(CertsError::Foreign(key)) if key == "tls.crt"));
    let beside = with(&made().write(), "notes", b"ours");
    assert!(Kept::read(&beside).expect("readable").is_some());
}

fn value(real: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = real.len();
    let flipped = real.clone();
    let cut = real.clone();
    prop_oneof![
        Just(real),
        (0..length, any::<u8>()).prop_map(move |(at, byte)| {
            let mut value = flipped.clone();
            value[at] = byte;
            value
        }),
        (0..length).prop_map(move |at| cut[..at].to_vec()),
        prop::collection::vec(any::<u8>(), 0..64),
        // Wrong inside of right PEM.
        prop::collection::vec(any::<u8>(), 0..64)
            .prop_map(|der| super::super::pem::certificate(&der).into_bytes()),
        prop::collection::vec(any::<u8>(), 0..64)
            .prop_map(|der| super::super::pem::key(&der).as_bytes().to_vec()),
    ]
}

/// A Secret's data; a failure prints the lengths only.
struct Hidden(Data);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(key, value)| (key, value.len())))
            .finish()
    }
}

fn data() -> impl Strategy<Value = Hidden> {
    let real = rotated(made(), now()).write();
    let fields: Vec<_> = real
        .into_iter()
        .map(|(key, real)| {
            let value = prop::option::weighted(0.9, value(real));
            (Just(key), value)
        })
        .collect();
    fields.prop_map(|fields| {
        let fields = fields.into_iter();
        Hidden(
            fields
                .filter_map(|(key, value)| Some((key, value?)))
                .collect(),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_bytes_in_the_secret_make_it_panic(data in data(), hours in 0_i64..200_000) {
        let at = later(now(), hours);
        let of = names(&[SERVICE]);
        if let Ok(Some(kept)) = Kept::read(&data.0) {
            let _ = kept.next(&of, at);
            let _ = kept.current.issue(&of, at);
            let again = Kept::read(&kept.write()).map(|kept| kept.map(|kept| kept.trusted()));
            prop_assert_eq!(again.ok().flatten(), Some(kept.trusted()));
            let _ = kept.rotate(&of, at, OVERLAP).map(Kept::retire);
        }
    }
}
