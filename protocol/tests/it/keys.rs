//! Keys: which are taken, what they are called, what they sign.

use proptest::prelude::*;
use protocol::Error;
use protocol::key::{
    Ed25519Key, KeyFault, KeyUse, Kid, P256Key, PublicKey, Signer, ecdsa_from_der,
};
use samples::raw::{self, bytes, int, map};
use samples::{Who, device, foreign_key, foreign_public, key, public};

/// Points of small order on edwards25519, in every encoding.
const WEAK: [&str; 8] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

#[test]
fn keys_of_small_order_are_refused() {
    for weak in WEAK {
        let x = hex::decode(weak).unwrap().try_into().unwrap();
        assert_eq!(PublicKey::ed25519(&x), Err(Error::Key(KeyFault::Weak)), "{weak}");
    }
}

#[test]
fn a_point_has_one_encoding() {
    // y = p + 3, which some readers take for y = 3
    let mut x = [0xff; 32];
    x[0] = 0xf0;
    x[31] = 0x7f;
    assert_eq!(PublicKey::ed25519(&x), Err(Error::Key(KeyFault::Malformed)));
    x[0] = 3;
    x[1..].fill(0);
    assert!(PublicKey::ed25519(&x).is_ok(), "the same point in its own encoding");
}

#[test]
fn a_p256_key_is_a_point_of_the_curve() {
    assert_eq!(PublicKey::p256(&[1; 32], &[1; 32]), Err(Error::Key(KeyFault::Malformed)));
    assert_eq!(PublicKey::p256_sec1(&[4; 64]), Err(Error::Key(KeyFault::Malformed)));
    assert_eq!(PublicKey::p256_sec1(&[0]), Err(Error::Key(KeyFault::Malformed)));
}

#[test]
fn an_rsa_key_has_2048_to_4096_bits_and_the_usual_exponent() {
    let odd = |len: usize| {
        let mut modulus = vec![0xc1; len];
        modulus[len - 1] |= 1;
        modulus
    };
    assert!(PublicKey::rsa(&odd(256), &[1, 0, 1]).is_ok());
    assert!(PublicKey::rsa(&odd(512), &[1, 0, 1]).is_ok());
    let too_small = PublicKey::rsa(&[&[0x7f], &odd(255)[..]].concat(), &[1, 0, 1]);
    assert_eq!(too_small, Err(Error::Key(KeyFault::RsaSize)));
    for (modulus, exponent, fault) in [
        (odd(255), vec![1, 0, 1], KeyFault::RsaSize),
        (odd(513), vec![1, 0, 1], KeyFault::RsaSize),
        (odd(256), vec![3], KeyFault::RsaSize),
        (odd(256), vec![0, 1, 0, 1], KeyFault::RsaSize),
        ([vec![0], odd(256)].concat(), vec![1, 0, 1], KeyFault::Malformed),
        (vec![0xc0; 256], vec![1, 0, 1], KeyFault::Malformed),
        (vec![], vec![1, 0, 1], KeyFault::RsaSize),
    ] {
        assert_eq!(PublicKey::rsa(&modulus, &exponent), Err(Error::Key(fault)));
    }
}

#[test]
fn a_cose_key_has_its_required_parameters_and_no_others() {
    for key in [public(Who::Voucher), device().public_key(), foreign_public()] {
        assert_eq!(PublicKey::from_bytes(&key.to_bytes()).unwrap(), key);
    }
    let x = public(Who::Voucher).to_bytes()[8..].to_vec();
    let entry = |label, value| (int(label), value);
    let cases = [
        (vec![entry(1, int(1)), entry(-1, int(6)), entry(-2, bytes(&x))], "none"),
        (
            vec![entry(1, int(1)), entry(3, int(-8)), entry(-1, int(6)), entry(-2, bytes(&x))],
            "field.unknown",
        ),
        (vec![entry(1, int(1)), entry(-1, int(4)), entry(-2, bytes(&x))], "key.type"),
        (vec![entry(1, int(4)), entry(-1, bytes(&x))], "key.type"),
        (vec![entry(1, int(1)), entry(-1, int(6)), entry(-2, bytes(&x[1..]))], "field.wrong"),
        (vec![entry(1, int(1)), entry(-1, int(6))], "field.missing"),
        (
            vec![
                entry(1, int(1)),
                entry(-1, int(6)),
                entry(-2, bytes(&x)),
                entry(-4, bytes(&[7; 32])),
            ],
            "field.unknown",
        ),
    ];
    for (entries, code) in cases {
        let read = PublicKey::from_bytes(&map(&entries));
        assert_eq!(read.err().map_or("none", |error| error.code()), code);
    }
}

/// RFC 9679 §6.
#[test]
fn the_thumbprint_is_that_of_the_standards_example() {
    let x =
        hex::decode("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d").unwrap();
    let y =
        hex::decode("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c").unwrap();
    let key = PublicKey::p256(&x.try_into().unwrap(), &y.try_into().unwrap()).unwrap();
    assert_eq!(
        key.thumbprint().to_string(),
        "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"
    );
    assert_eq!(key.kid(), Kid::from_hex("496bd8afadf307e5").unwrap());
    let digits = u64::from_be_bytes(hex::decode("b08c64b0421bf9dc").unwrap().try_into().unwrap());
    assert_eq!(key.fingerprint_digits(), format!("{:08}", digits % 100_000_000));
}

#[test]
fn der_signatures_become_raw_with_low_s() {
    let raw_form = device().sign(b"message").unwrap();
    let other = raw::other_s(&raw_form);
    for form in [&raw_form, &other] {
        let der = p256::ecdsa::Signature::from_slice(form).unwrap().to_der();
        assert_eq!(ecdsa_from_der(der.as_bytes()).unwrap().to_vec(), raw_form);
    }
    assert_eq!(device().public_key().verify(b"message", &other), Err(Error::Signature));
    assert_eq!(ecdsa_from_der(&[0x30, 0]), Err(Error::Signature));
}

#[test]
fn an_ed25519_signature_is_checked_strictly() {
    let signature = key(Who::Voucher).sign(b"message").unwrap();
    let public = public(Who::Voucher);
    assert!(public.verify(b"message", &signature).is_ok());
    // s + order: the same equation, another signature
    let order =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut other = signature;
    let mut carry = 0;
    for (byte, add) in other[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(public.verify(b"message", &other), Err(Error::Signature));
    for weak in WEAK {
        let r = hex::decode(weak).unwrap();
        let forged = [r, vec![0; 32]].concat();
        assert_eq!(public.verify(b"message", &forged), Err(Error::Signature));
    }
}

#[test]
fn an_rsa_signature_is_as_long_as_the_modulus() {
    use rsa::signature::{SignatureEncoding, Signer as _};
    let signer = rsa::pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new(foreign_key());
    let signature = signer.sign(b"message").to_vec();
    let key = foreign_public();
    assert!(key.verify(b"message", &signature).is_ok());
    for wrong in [[vec![0], signature.clone()].concat(), signature[1..].to_vec(), vec![]] {
        assert_eq!(key.verify(b"message", &wrong), Err(Error::Signature));
    }
}

#[test]
fn uses_have_one_number_and_one_name_each() {
    for purpose in KeyUse::ALL {
        assert_eq!(KeyUse::from_number(purpose.number()), Some(purpose));
        let same_name = KeyUse::ALL.iter().filter(|it| it.name() == purpose.name()).count();
        assert_eq!(same_name, 1);
    }
    assert_eq!(KeyUse::from_number(0), None);
    assert_eq!(KeyUse::from_number(10), None);
}

#[test]
fn a_scalar_of_zero_is_no_key() {
    assert!(P256Key::from_scalar(&[0; 32]).is_err());
    assert!(P256Key::from_scalar(&[0xff; 32]).is_err());
}

proptest! {
    #[test]
    fn any_key_signs_what_its_public_half_verifies(
        seed in any::<[u8; 32]>(),
        message in proptest::collection::vec(any::<u8>(), 0..100),
        flip in 0..64_usize,
    ) {
        let edwards = Ed25519Key::from_seed(&seed);
        prop_assert_eq!(&*edwards.seed(), &seed);
        let nist = P256Key::from_scalar(&seed);
        prop_assume!(nist.is_ok());
        let signers: [&dyn Signer; 2] = [&edwards, &nist.unwrap()];
        for signer in signers {
            let public = signer.public_key();
            let mut signature = signer.sign(&message).unwrap();
            prop_assert!(public.verify(&message, &signature).is_ok());
            signature[flip] ^= 0x40;
            prop_assert_eq!(public.verify(&message, &signature), Err(Error::Signature));
            prop_assert_eq!(PublicKey::from_bytes(&public.to_bytes()).unwrap(), public);
        }
    }
}
