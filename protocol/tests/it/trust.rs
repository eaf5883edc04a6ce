//! Trust: which file may replace which, and how fresh it is. Tests of the rules of TUF's client workflow
//! (TUF 1.0 §5.3, §5.6) bear the name of the attack or rule.

use protocol::key::{KeyUse, Signer};
use protocol::trust::{
    Freshness, Grade, IssuerKey, KeyEnd, Root, TrustFile, TrustList, TrustState,
};
use protocol::{Error, Hash, Span};
use samples::{
    self, Who, at, file_of, issuer_key, key, now, programme_id, public, root, root_hash, sign_root,
    trust_file, trust_list,
};

fn second_root() -> Root {
    Root {
        version: 2,
        issued: at("2026-06-01T00:00:00Z"),
        expires: at("2027-06-01T00:00:00Z"),
        keys: [Who::Root1, Who::Root2, Who::NewRoot].map(public).to_vec(),
        ..root()
    }
}

fn list_of(version: u64) -> TrustList {
    TrustList { version, ..trust_list() }
}

fn sign_list(list: &TrustList) -> Vec<u8> {
    list.sign(&[&key(Who::Trust)]).unwrap()
}

fn first_root() -> Vec<u8> {
    sign_root(&root(), &[Who::Root1, Who::Root2])
}

fn pinned() -> Hash {
    root_hash(&root())
}

fn first(file: &TrustFile) -> Result<TrustState, Error> {
    TrustState::first(pinned(), file, now())
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.err().map_or("none", |error| error.code())
}

#[test]
fn a_file_reads_back() {
    let file = trust_file();
    assert_eq!(TrustFile::decode(&file.encode().unwrap()).unwrap(), file);
    assert_eq!(file.first_root_hash().unwrap(), pinned());
    let state = first(&file).unwrap();
    assert_eq!(state.list(), &trust_list());
    assert_eq!(state.root(), &root());
}

#[test]
fn endless_data_a_file_has_a_root_and_at_most_1024() {
    let list = sign_list(&trust_list());
    assert_eq!(code(file_of(vec![], list.clone()).encode()), "field.wrong");
    assert_eq!(code(file_of(vec![vec![0]; 1025], list.clone()).encode()), "field.wrong");
    assert_eq!(code(file_of(vec![vec![0]; 1024], list).encode()), "none");
}

#[test]
fn arbitrary_installation_only_the_pinned_root_is_believed_at_first() {
    let other = Hash::of(b"another root");
    assert_eq!(code(TrustState::first(other, &trust_file(), now())), "trust.not_pinned");
}

#[test]
fn threshold_a_root_needs_signatures_of_different_keys_and_a_key_counts_once() {
    let list = sign_list(&trust_list());
    let with = |by: &[Who]| first(&file_of(vec![sign_root(&root(), by)], list.clone()));
    assert_eq!(code(with(&[Who::Root2, Who::Root3])), "none");
    assert_eq!(code(with(&[Who::Root2])), "trust.root_threshold");
    assert_eq!(code(with(&[Who::Root2, Who::Root2])), "trust.root_threshold");
    assert_eq!(code(with(&[Who::Root2, Who::Stranger])), "trust.root_threshold");
    assert_eq!(code(with(&[Who::Root2, Who::Trust])), "trust.root_threshold");
}

#[test]
fn arbitrary_installation_a_list_needs_the_threshold_of_the_trust_role() {
    let signed_by =
        |by: &[&dyn Signer]| first(&file_of(vec![first_root()], trust_list().sign(by).unwrap()));
    assert_eq!(code(signed_by(&[&key(Who::Root1), &key(Who::Root2)])), "trust.list_threshold");
    assert_eq!(code(signed_by(&[&key(Who::Stranger)])), "trust.list_threshold");
    assert_eq!(code(signed_by(&[&key(Who::Stranger), &key(Who::Trust)])), "none");
}

#[test]
fn root_rotation_needs_both_thresholds() {
    let held = first(&trust_file()).unwrap();
    let with = |by: &[Who]| {
        let roots = vec![first_root(), sign_root(&second_root(), by)];
        held.accept(&file_of(roots, sign_list(&list_of(8))), now())
    };
    assert_eq!(code(with(&[Who::Root1, Who::Root2])), "none");
    assert_eq!(code(with(&[Who::Root1, Who::Root3, Who::NewRoot])), "none");
    assert_eq!(code(with(&[Who::Root1, Who::Root3])), "trust.root_threshold");
    assert_eq!(code(with(&[Who::Root1, Who::NewRoot])), "trust.root_threshold");
}

#[test]
fn rollback_of_roots_their_versions_follow_without_a_gap() {
    let held = first(&trust_file()).unwrap();
    for version in [1, 3, 4] {
        let next = Root { version, ..second_root() };
        let roots = vec![first_root(), sign_root(&next, &[Who::Root1, Who::Root2])];
        let file = file_of(roots, sign_list(&list_of(8)));
        assert_eq!(code(held.accept(&file, now())), "trust.root_version", "version {version}");
        assert_eq!(code(first(&file)), "trust.root_version", "version {version}");
    }
}

#[test]
fn rollback_of_roots_what_is_held_must_be_in_the_chain() {
    let both = vec![first_root(), sign_root(&second_root(), &[Who::Root1, Who::Root2])];
    let held = first(&file_of(both, sign_list(&list_of(8)))).unwrap();
    // an older chain, valid in itself
    let older = file_of(vec![first_root()], sign_list(&list_of(9)));
    assert_eq!(code(held.accept(&older, now())), "trust.not_pinned");
    // the same version from another hand
    let fork = Root { issued: at("2026-06-02T00:00:00Z"), ..second_root() };
    let forked = vec![first_root(), sign_root(&fork, &[Who::Root1, Who::Root2])];
    let forked = file_of(forked, sign_list(&list_of(9)));
    assert_eq!(code(held.accept(&forked, now())), "trust.not_pinned");
}

#[test]
fn the_same_file_again_changes_nothing() {
    let held = first(&trust_file()).unwrap();
    let again = held.accept(&trust_file(), now()).unwrap();
    assert_eq!(again.list_hash(), held.list_hash());
}

#[test]
fn rollback_of_the_list_its_version_never_goes_back_and_has_one_content() {
    let held = first(&trust_file()).unwrap();
    let accept = |held: &TrustState, list: &TrustList| {
        held.accept(&file_of(vec![first_root()], sign_list(list)), now())
    };
    assert_eq!(code(accept(&held, &list_of(6))), "trust.rollback");
    assert_eq!(code(accept(&held, &list_of(8))), "none");
    let other = TrustList { expires: at("2026-12-02T00:00:00Z"), ..trust_list() };
    assert_eq!(code(accept(&held, &other)), "trust.same_version");
    let newer = accept(&held, &list_of(8)).unwrap();
    assert_eq!(code(accept(&newer, &list_of(7))), "trust.rollback");
}

#[test]
fn rollback_of_the_list_the_root_names_the_least_version() {
    let strict = Root { min_trust_version: 8, ..root() };
    let signed = sign_root(&strict, &[Who::Root1, Who::Root2]);
    let with = |version| {
        let file = file_of(vec![signed.clone()], sign_list(&list_of(version)));
        TrustState::first(root_hash(&strict), &file, now())
    };
    assert_eq!(code(with(7)), "trust.rollback");
    assert_eq!(code(with(8)), "none");
}

#[test]
fn fast_forward_recovery_a_new_root_sets_the_version_anew_and_only_once() {
    // A version that ran away: nobody can sign a higher one.
    let most = protocol::cbor::MAX_INTEGER;
    let held = first(&file_of(vec![first_root()], sign_list(&list_of(most)))).unwrap();
    let next = Root { min_trust_version: 20, ..second_root() };
    let roots = vec![first_root(), sign_root(&next, &[Who::Root1, Who::Root2])];
    let accept = |held: &TrustState, version| {
        held.accept(&file_of(roots.clone(), sign_list(&list_of(version))), now())
    };
    assert_eq!(code(accept(&held, 19)), "trust.rollback");
    let recovered = accept(&held, 22).unwrap();
    assert_eq!(code(accept(&recovered, 21)), "trust.rollback");
    assert_eq!(code(accept(&recovered, 22)), "none");
}

#[test]
fn expired_intermediate_root_is_fine_and_expired_last_root_is_not() {
    let third = Root {
        version: 3,
        issued: at("2027-05-01T00:00:00Z"),
        expires: at("2028-05-01T00:00:00Z"),
        ..second_root()
    };
    let by = [Who::Root1, Who::Root2];
    let roots = vec![first_root(), sign_root(&second_root(), &by), sign_root(&third, &by)];
    let late = at("2027-12-01T00:00:00Z");
    let whole = file_of(roots.clone(), sign_list(&list_of(8)));
    assert_eq!(code(TrustState::first(pinned(), &whole, late)), "none");
    let short = file_of(roots[..2].to_vec(), sign_list(&list_of(8)));
    assert_eq!(code(TrustState::first(pinned(), &short, late)), "trust.root_expired");
    let on_the_day = at("2027-06-01T00:00:00Z");
    assert_eq!(code(TrustState::first(pinned(), &short, on_the_day)), "trust.root_expired");
}

#[test]
fn interrupted_update_what_was_accepted_is_taken_up_again_whatever_has_expired() {
    let restored = TrustState::restore(pinned(), &trust_file()).unwrap();
    assert_eq!(restored.list_hash(), first(&trust_file()).unwrap().list_hash());
    let late = at("2027-02-01T00:00:00Z");
    assert_eq!(code(restored.accept(&trust_file(), late)), "trust.root_expired");
    let forged = file_of(vec![first_root()], trust_list().sign(&[&key(Who::Stranger)]).unwrap());
    assert_eq!(code(TrustState::restore(pinned(), &forged)), "trust.list_threshold");
}

#[test]
fn freeze_age_is_graded_and_never_a_wall() {
    let lenient = TrustList {
        freshness: Freshness { stale_after: Span::days(30), too_old_after: Span::days(3000) },
        ..trust_list()
    };
    let state = first(&samples::trust_file_with(&lenient)).unwrap();
    for (time, grade) in [
        ("2026-01-01T00:00:00Z", Grade::Fresh),
        ("2026-06-30T23:59:59Z", Grade::Fresh),
        ("2026-07-01T00:00:00Z", Grade::Stale),
        ("2027-03-01T00:00:00Z", Grade::Stale),
        ("2036-03-01T00:00:00Z", Grade::TooOld),
    ] {
        assert_eq!(state.grade(at(time)), grade, "{time}");
    }
    // an expired list is at best stale, and so is one under an expired root
    let short = TrustList { expires: at("2026-06-10T00:00:00Z"), ..trust_list() };
    assert_eq!(first(&samples::trust_file_with(&short)).unwrap().grade(now()), Grade::Stale);
    let old = Root { expires: at("2026-06-16T00:00:00Z"), ..root() };
    let file = file_of(vec![sign_root(&old, &[Who::Root1, Who::Root2])], sign_list(&trust_list()));
    let state = TrustState::first(root_hash(&old), &file, now()).unwrap();
    assert_eq!(state.grade(now()), Grade::Fresh);
    assert_eq!(state.grade(at("2026-06-16T00:00:00Z")), Grade::Stale);
}

#[test]
fn a_key_is_in_force_in_its_window_and_until_it_retires() {
    let key = issuer_key(public(Who::Voucher), KeyUse::Voucher, &[samples::CASH]);
    assert!(!key.in_force_at(at("2025-12-31T23:59:59Z")));
    assert!(key.in_force_at(at("2026-01-01T00:00:00Z")));
    assert!(key.in_force_at(at("2026-12-31T23:59:59Z")));
    assert!(!key.in_force_at(at("2027-01-01T00:00:00Z")));
    let retired = IssuerKey { end: Some(KeyEnd::RetiredAt(now())), ..key };
    assert!(retired.in_force_at(now().before(Span::seconds(1))));
    assert!(!retired.in_force_at(now()));
}

#[test]
fn a_list_names_each_key_programme_and_status_list_once() {
    let usual = trust_list();
    let with = |change: &dyn Fn(&mut TrustList)| {
        let mut list = usual.clone();
        change(&mut list);
        code(list.sign(&[&key(Who::Trust)]))
    };
    let twice = IssuerKey { purpose: KeyUse::Ack, ..usual.keys[0].clone() };
    assert_eq!(with(&|list| list.keys.push(twice.clone())), "rule.broken");
    assert_eq!(with(&|list| list.programmes.push(list.programmes[0].clone())), "rule.broken");
    assert_eq!(with(&|list| list.status_lists[1].number = 1), "rule.broken");
    assert_eq!(
        with(&|list| list.status_lists[1].address = list.status_lists[0].address.clone()),
        "rule.broken"
    );
    assert_eq!(with(&|list| list.programmes[0].decimals = 5), "field.wrong");
    assert_eq!(with(&|list| list.freshness.stale_after = Span::days(91)), "field.wrong");
    assert_eq!(with(&|list| list.programmes[0].id = programme_id("other")), "none");
    // what is foreign is RSA, and what is RSA is a foreign issuer's voucher key
    assert_eq!(with(&|list| list.keys[0].foreign = Some(samples::foreign())), "field.wrong");
    assert_eq!(with(&|list| list.keys[9].foreign = None), "field.wrong");
    assert_eq!(with(&|list| list.keys[9].purpose = KeyUse::Ack), "field.wrong");
}

#[test]
fn a_key_of_the_root_has_no_other_use() {
    let both = Root { trust_keys: vec![public(Who::Root1)], ..root() };
    assert_eq!(code(both.sign(&[&key(Who::Root1)])), "rule.broken");
    for who in [Who::Root1, Who::Trust] {
        let mut list = trust_list();
        list.keys.push(issuer_key(public(who), KeyUse::Ack, &[]));
        let file = file_of(vec![first_root()], sign_list(&list));
        assert_eq!(code(first(&file)), "rule.broken");
    }
}

#[test]
fn a_threshold_can_be_met() {
    for root in [
        Root { threshold: 0, ..root() },
        Root { threshold: 4, ..root() },
        Root { trust_threshold: 2, ..root() },
        Root { keys: vec![public(Who::Root1), public(Who::Root1)], ..root() },
        Root { keys: vec![], threshold: 0, ..root() },
        Root { version: 0, ..root() },
    ] {
        assert_eq!(code(root.sign(&[&key(Who::Root1), &key(Who::Root2)])), "field.wrong");
    }
}

#[test]
fn endless_data_is_refused_by_its_length_before_it_is_read() {
    let code = |bytes: &[u8]| code(TrustFile::decode(bytes));
    assert_eq!(code(&vec![0; TrustFile::MAX_LEN + 1]), "size.too_large");
    // Within a file each part has a limit of its own.
    let endless = |len: usize| vec![0xd8; len];
    let with = |root: Vec<u8>, list: Vec<u8>| self::code(first(&file_of(vec![root], list)));
    let most_root = protocol::cose::ObjectType::Root.max_len();
    let most_list = protocol::cose::ObjectType::TrustList.max_len();
    assert_eq!(with(endless(most_root + 1), sign_list(&trust_list())), "size.too_large");
    assert_eq!(with(first_root(), endless(most_list + 1)), "size.too_large");
    assert_ne!(with(endless(most_root), sign_list(&trust_list())), "size.too_large");
}

#[test]
fn duplicate_key_ids_count_by_key_and_not_by_id() {
    // A root that names one key twice cannot be made, so that no threshold is met by one holder.
    let twice = Root { keys: [Who::Root1, Who::Root1, Who::Root2].map(public).to_vec(), ..root() };
    assert_eq!(code(twice.sign(&[&key(Who::Root1), &key(Who::Root2)])), "field.wrong");
    // Nor does one holder meet it by signing twice.
    let signed = sign_root(&root(), &[Who::Root1, Who::Root1, Who::Root1]);
    assert_eq!(
        code(first(&file_of(vec![signed], sign_list(&trust_list())))),
        "trust.root_threshold"
    );
}

#[test]
fn role_key_rotation_the_list_is_signed_by_the_new_trust_key_alone() {
    let held = first(&trust_file()).unwrap();
    let next = Root { trust_keys: vec![public(Who::NewTrust)], ..second_root() };
    let roots = vec![first_root(), sign_root(&next, &[Who::Root1, Who::Root2])];
    let with = |by: Who| {
        let list = list_of(8).sign(&[&key(by)]).unwrap();
        held.accept(&file_of(roots.clone(), list), now())
    };
    assert_eq!(code(with(Who::NewTrust)), "none");
    assert_eq!(code(with(Who::Trust)), "trust.list_threshold");
    let rotated = with(Who::NewTrust).unwrap();
    // A chain that stops at the root before is no way around it.
    let before = file_of(vec![first_root()], sign_list(&list_of(9)));
    assert_eq!(code(rotated.accept(&before, now())), "trust.not_pinned");
}

#[test]
fn fast_forward_recovery_the_stolen_trust_key_is_out_and_its_version_forgotten() {
    let most = protocol::cbor::MAX_INTEGER;
    let held = first(&file_of(vec![first_root()], sign_list(&list_of(most)))).unwrap();
    let next =
        Root { trust_keys: vec![public(Who::NewTrust)], min_trust_version: 8, ..second_root() };
    let roots = vec![first_root(), sign_root(&next, &[Who::Root1, Who::Root2])];
    let list = list_of(8).sign(&[&key(Who::NewTrust)]).unwrap();
    let recovered = held.accept(&file_of(roots, list), now()).unwrap();
    assert_eq!(recovered.list().version, 8);
}

#[test]
fn interrupted_update_a_file_cut_anywhere_leaves_what_was_held() {
    let held = first(&trust_file()).unwrap();
    let roots = vec![first_root(), sign_root(&second_root(), &[Who::Root1, Who::Root2])];
    let whole = file_of(roots, sign_list(&list_of(8))).encode().unwrap();
    for len in 0..whole.len() {
        let cut = TrustFile::decode(&whole[..len]).and_then(|file| held.accept(&file, now()));
        assert!(cut.is_err(), "{len} bytes");
    }
    assert_eq!(held.list().version, 7);
}

#[test]
fn freeze_a_list_that_is_held_back_shows_its_age_at_both_limits() {
    let state = first(&trust_file()).unwrap();
    let limits = trust_list().freshness;
    let issued = trust_list().issued;
    let just_before = |span: Span| issued.after(span).before(Span::seconds(1));
    for (time, grade) in [
        (issued, Grade::Fresh),
        (just_before(limits.stale_after), Grade::Fresh),
        (issued.after(limits.stale_after), Grade::Stale),
        (just_before(limits.too_old_after), Grade::Stale),
        (issued.after(limits.too_old_after), Grade::TooOld),
    ] {
        assert_eq!(state.grade(time), grade, "{time}");
    }
    // The same file again does not make it younger.
    let again = state.accept(&trust_file(), issued.after(limits.stale_after)).unwrap();
    assert_eq!(again.grade(issued.after(limits.stale_after)), Grade::Stale);
}
