//! Which numbers are taken for a card's, and which are not.

use oms_domain::card::{is_in, is_in_text};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Numbers that networks, issuers and gateways publish for tests.
const CARDS: [&str; 60] = [
    // Visa.
    "4242424242424242",
    "4111111111111111",
    "4012888888881881",
    "4000056655665556",
    "4000002500003155",
    "4000000000000002",
    "4222222222222",
    "4917610000000000",
    "4988438843884305",
    "4444333322221111",
    "4001020000000009",
    "4999999999999999993",
    // Mastercard.
    "5555555555554444",
    "2223003122003222",
    "5200828282828210",
    "5105105105105100",
    "5454545454545454",
    "2222400070000005",
    "2720990000000015",
    "5577000055770004",
    // American Express.
    "378282246310005",
    "371449635398431",
    "378734493671000",
    "341111111111111",
    "370000000000002",
    // Discover.
    "6011111111111117",
    "6011000990139424",
    "6011981111111113",
    "6445644564456445",
    "6510000000000034",
    // Diners Club.
    "30569309025904",
    "38520000023237",
    "3056930009020004",
    "36227206271667",
    "36006666333344",
    "36438936438936",
    // JCB.
    "3566002020360505",
    "3530111333300000",
    "3569990010095841",
    "3528000700000000",
    // UnionPay.
    "6200000000000005",
    "6200000000000047",
    "6205500000000000004",
    "6250941006528599",
    "6243030000000001",
    "8171999927660000",
    "8171999900000000021",
    // Maestro.
    "6759649826438453",
    "6799990100000000019",
    "6771798021000008",
    "6304000000000000",
    "5018000000000009",
    "639002000000000003",
    // Mir, RuPay, Elo, Hipercard, Troy.
    "2200000000000004",
    "2201382000000013",
    "5066991111111118",
    "6362970000457013",
    "6062826786276634",
    "6062828888666688",
    "9792030000000000",
];

/// The digits in groups of these lengths; the last takes what is left.
fn grouped(card: &str, lengths: &[usize], gap: &str) -> String {
    let mut rest = card;
    let mut groups = Vec::new();
    for length in lengths {
        let (group, after) = rest.split_at((*length).min(rest.len()));
        groups.push(group);
        rest = after;
    }
    groups.push(rest);
    groups.retain(|group| !group.is_empty());
    groups.join(gap)
}

#[test]
fn every_networks_test_numbers_are_found_in_every_shape() {
    for card in CARDS {
        let mut written = vec![card.to_owned()];
        for gap in
            [" ", "   ", ".", "/", "-", "_", " - ", "\u{a0}", "\u{2013}", "\u{2212}", "\u{b7}", "\u{ff0f}"]
        {
            written.push(grouped(card, &[4, 4, 4, 4], gap));
        }
        if matches!(card.len(), 14 | 15) {
            written.push(grouped(card, &[4, 6], " "));
        }
        let digits = |zero: char| {
            card.bytes()
                .map(move |digit| char::from_u32(u32::from(zero) + u32::from(digit - b'0')).expect("a digit"))
        };
        written.push(digits('\u{ff10}').collect());
        written.push(digits('\u{660}').collect());
        written.push(digits('0').flat_map(|digit| [digit, '\u{200b}']).collect());
        for number in written {
            for text in [
                number.clone(),
                format!("{number} 12/28"),
                format!("{number} 123"),
                format!("{number} 12/2028 123"),
                format!("card 20261122 {number}"),
                format!("12/28 {number}"),
                format!("exp. 12/28, no. {number}, CVC 123"),
                format!("(card:{number})"),
                format!("+49 30 901820 / {number}"),
                format!("DE89 3704 0044 0532 0130 00 {number}"),
            ] {
                assert!(is_in_text(&text), "{text}");
            }
        }
        for touched in [format!("N{card}"), format!("{card}N"), format!("é{card}")] {
            assert!(!is_in_text(&touched), "{touched}");
        }
        assert!(!is_in_text(&format!("{card}0")) || !card.starts_with('4'), "{card}: a digit more");
        let last = card.as_bytes()[card.len() - 1];
        let wrong = format!("{}{}", &card[..card.len() - 1], (last - b'0' + 5) % 10);
        assert!(!is_in_text(&wrong), "{wrong}");
    }
}

#[test]
fn they_are_found_in_numbers_names_and_depths_too() {
    for found in [
        json!(4_242_424_242_424_242_u64),
        json!(4_242_424_242_424_242.0_f64),
        json!(-4_242_424_242_424_242_i64),
        json!({"card": {"pans": ["n/a", "3782-822463-10005"]}}),
        json!({"4242424242424242": true}),
        json!([[["my card is 4000056655665556, thanks"]]]),
        json!("4242\u{a0}4242\u{2013}4242_4242"),
    ] {
        assert!(is_in(&found), "{found}");
    }
    let harmless: Value = serde_json::from_str(
        r#"[0.4242424242424242, 4242.4242424242424, 4242424242424241, null, true, {"phone": "+1 202 555 0143"},
            {"token": "tok_approve"}, {}, [4242, 4242, 4242, 4242], "4242, 4242, 4242, 4242", 1e300, 1.5e-7]"#,
    )
    .expect("JSON");
    assert!(!is_in(&harmless));
}

/// What people write that is full of digits. `#` stands for any digit, `x` for one of a hexadecimal
/// number, `@` for a letter or a digit.
const SHAPES: [&str; 113] = [
    // Times.
    "17###########",
    "18###########",
    "17##############",
    "17#################",
    "2026-11-2# 1#:##:##.######",
    "2026-11-2#T1#:##:##.######Z",
    "202611221#####",
    "202611221########",
    "20261122-1#####",
    "2026.11.22 1###",
    "2#/11/2026 1#:##",
    "20261122 1##### 20261123 1#####",
    // UUIDs, hashes.
    "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx",
    "xxxxxxxx-xxxx-7xxx-8xxx-xxxxxxxxxxxx",
    "019a####-####-7###-8###-############",
    "########-####-4###-8###-############",
    "{xxxxxxxx-xxxx-4xxx-9xxx-xxxxxxxxxxxx}",
    "urn:uuid:xxxxxxxx-xxxx-4xxx-9xxx-xxxxxxxxxxxx",
    "xxxxxxxxxxxx4xxx8xxxxxxxxxxxxxxx",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "ORD-20261122-####",
    "TXN-xxxxxxxxxxxxxxxx",
    // Telephones.
    "+1 ### ### ####",
    "+1-###-###-####",
    "(###) ###-####",
    "+1 (###) ###-#### ext. ####",
    "1##########",
    "+44 20 #### ####",
    "+44 7### ######",
    "07### ######",
    "+447#########",
    "447#########",
    "00447#########",
    "+49 30 ########",
    "+49 15# ########",
    "+4915########0",
    "4915#########",
    "+4915#########",
    "004915#########",
    "+49 (0) 15# ### ## ##",
    "015# #### ####",
    "+49/15#/#######",
    "+43 6## ########",
    "43660########",
    "+33 6 ## ## ## ##",
    "+3361########",
    "0033 6 ## ## ## ##",
    "+34 6## ### ###",
    "0034 6## ### ###",
    "+39 3## #######",
    "+41 7# ### ## ##",
    "+45 ## ## ## ##",
    "+46 7#-### ## ##",
    "+47 ### ## ###",
    "+48 ### ### ###",
    "+351 9## ### ###",
    "+353 8# ### ####",
    "+354 ### ####",
    "+358 4# ### ####",
    "+37#########",
    "+380 ## ### ## ##",
    "+7 9## ###-##-##",
    "+86 1## #### ####",
    "861##########",
    "+81 90-####-####",
    "+82 10-####-####",
    "+91 9#### #####",
    "+55 11 9####-####",
    "55119########",
    "+52 1 55 #### ####",
    "+61 4## ### ###",
    "+62 8##-####-####",
    "6281##########",
    "+65 #### ####",
    "+971 5# ### ####",
    "+234 80# ### ####",
    "+27 8# ### ####",
    // IBANs.
    "DE## #### #### #### #### ##",
    "DE####################",
    "FR## #### #### #### #### #### ###",
    "FR## #### #### ##@@ @@@@ @@@@ @##",
    "GB## ABCD #### #### #### ##",
    "GB##ABCD##############",
    "AT## #### #### #### ####",
    "CH## #### #### #### #### #",
    "ES## #### #### #### #### ####",
    "IT## X### #### #### #### #### ###",
    "NL## ABCD #### #### ##",
    "BE## #### #### ####",
    "PL## #### #### #### #### #### ####",
    "PT## #### #### #### #### #### #",
    "SE## #### #### #### #### ####",
    "DK## #### #### #### ##",
    "IBAN: de##-####-####-####-####-##",
    // Parcels.
    "1Z##################",
    "1Z@@@@@@##########",
    "9400 1### #### #### #### ##",
    "9205 5### #### #### #### ##",
    "94001#################",
    "420##### 9400 1### #### #### #### ##",
    "R@#########US",
    "JJD0###############",
    "JJD014###############",
    "00340434############",
    "0034 0434 #### #### ####",
    "##########",
    "############",
    "#### #### ####",
    "0#############",
    "1#############",
    "15## #### #### ##",
    "TBA############",
    "H####################",
];

/// Numbers of parcels that have the form of card numbers, unbroken and with any beginning. By
/// chance so many in ten thousand are taken for one; nothing tells them apart.
const ALIKE: [(&str, &str, usize); 4] = [
    ("FedEx Ground: 15 digits; American Express", "###############", 40),
    ("DPD, Hermes: 14 digits; Diners Club", "##############", 55),
    ("Canada Post: 16 digits; Visa, Mastercard and others", "################", 420),
    ("13 digits that are no article number; Visa", "#############", 90),
];

/// Throws the digits that a shape leaves open; always the same ones.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u8) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from((self.0 >> 33) % u64::from(sides)).expect("less than a byte")
    }

    fn fill(&mut self, shape: &str) -> String {
        let mut of =
            |from: &[u8]| char::from(from[usize::from(self.throw(u8::try_from(from.len()).expect("few")))]);
        let each = shape.chars().map(|c| match c {
            '#' => of(b"0123456789"),
            'x' => of(b"0123456789abcdef"),
            '@' => of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            other => other,
        });
        each.collect()
    }

    fn refused(&mut self, shape: &str, throws: usize) -> usize {
        (0..throws).filter(|_| is_in_text(&self.fill(shape))).count()
    }
}

#[test]
fn of_harmless_numbers_one_in_ten_thousand_is_refused_at_most() {
    let mut dice = Dice(7);
    let refused = SHAPES.map(|shape| (dice.refused(shape, 2_000), shape));
    let often: Vec<_> = refused.iter().filter(|(times, _)| *times > 1).collect();
    assert!(often.is_empty(), "{often:?}");
    let all: usize = refused.iter().map(|(times, _)| times).sum();
    assert!(all * 10_000 <= SHAPES.len() * 2_000, "{all}: {refused:?}");
}

#[test]
fn numbers_in_the_form_of_a_card_are_refused_as_often_as_chance_has_it() {
    let mut dice = Dice(7);
    for (name, shape, most) in ALIKE {
        let refused = dice.refused(shape, 5_000);
        assert!((1..=most / 2).contains(&refused), "{name}: {refused} in 5,000");
    }
}

#[test]
fn article_numbers_and_telephone_numbers_are_none_whatever_they_come_to() {
    // Each has an issuer's beginning and passes the Luhn check.
    for harmless in ["+4242424242426", "4006381333931", "4901234567894", "4915112345676", "4366012345678"] {
        assert!(!is_in_text(harmless), "{harmless}");
    }
}

proptest! {
    #[test]
    fn any_text_can_be_asked(text in any::<String>()) {
        let _ = is_in_text(&text);
    }

    #[test]
    fn a_card_is_found_between_any_marks(before in "[\\p{P}\\p{S}\\p{Z}]{0,20}", after in "[\\p{P}\\p{S}\\p{Z}]{0,20}") {
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let text = format!("{before}4242424242424242{after}");
        prop_assert!(is_in_text(&text) || is_letter(before.chars().last()) || is_letter(after.chars().next()));
    }
}
