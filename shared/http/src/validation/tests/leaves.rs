//! What a single field can be.

use super::*;

#[test]
fn texts_are_trimmed_and_numbers_are_taken_for_texts() {
    assert_eq!(read::<Text<5>>(json!("  été  ")), Ok(Text("été".to_owned())));
    assert_eq!(read::<Text<5>>(json!(12)), Ok(Text("12".to_owned())));
    assert_eq!(read::<BlankText<5>>(json!(" ")), Ok(BlankText(String::new())));
    assert_eq!(read::<Text<5>>(json!(true)), Err("Not a valid string.".to_owned()));
    assert_eq!(read::<String>(json!([])), Err("Not a valid string.".to_owned()));
    assert_eq!(read::<String>(json!("a\0")), Err("Null characters are not allowed.".to_owned()));
}

#[test]
fn texts_of_one_line_have_no_control_characters_and_those_of_many_only_what_parts_them() {
    let refused = Err("Control characters are not allowed.".to_owned());
    for text in ["a\nb", "a\r\nb", "a\tb", "a\u{2028}b", "a\u{2029}b", "a\u{85}b"] {
        assert_eq!(read::<Text<9>>(json!(text)).map(|text| text.0), refused, "{text:?}");
        assert_eq!(read::<BlankText<9>>(json!(text)).map(|text| text.0), refused, "{text:?}");
    }
    for text in ["a\nb", "a\r\nb", "a\tb", "a\u{2028}b"] {
        assert_eq!(read::<Lines<9>>(json!(text)), Ok(Lines(text.to_owned())));
    }
    for text in ["a\u{7}", "\u{1b}[2J", "a\u{7f}", "a\u{9b}b"] {
        assert_eq!(read::<Lines<9>>(json!(text)).map(|text| text.0), refused, "{text:?}");
    }
    assert_eq!(read::<Lines<9>>(json!("a\0")), Err("Null characters are not allowed.".to_owned()));
    assert_eq!(read::<Text<9>>(json!(" a\n")), Ok(Text("a".to_owned())));
}

#[test]
fn numbers_beyond_64_bits_are_numbers_wherever_one_is_wanted() {
    let read_body =
        |text: &str| -> Value { serde_json::from_slice(&crate::exact::marked(text.as_bytes())).unwrap() };
    let large = read_body("123456789012345678901234567890");
    assert_eq!(read::<Text<30>>(large.clone()), Ok(Text("123456789012345678901234567890".to_owned())));
    let too_large = "Ensure this value is less than or equal to 5.";
    assert_eq!(read::<Whole<1, 5>>(large.clone()), Err(too_large.to_owned()));
    assert_eq!(read::<Whole<1, 5>>(read_body("3.0000000000000000000000")), Ok(Whole(3)));
    assert_eq!(
        read::<Digits<12, 2>>(large).unwrap_err(),
        "Ensure that there are no more than 12 digits in total."
    );
    let fine = read_body("1.0000000000000000000000001");
    assert_eq!(
        read::<Digits<12, 2>>(fine).unwrap_err(),
        "Ensure that there are no more than 12 digits in total."
    );
    for beyond in ["1e400", "[1e-999]", "{\"a\": 1e126}"] {
        let message = "Ensure that the numbers in this value have at most 125 digits.";
        assert_eq!(read::<Value>(read_body(beyond)), Err(message.to_owned()), "{beyond}");
    }
}

#[test]
fn whole_numbers_come_in_four_forms() {
    for value in [json!(2), json!("2"), json!(2.0), json!(" +2.00 ")] {
        assert_eq!(read::<Whole<1, 5>>(value.clone()), Ok(Whole(2)), "{value}");
    }
    for value in [json!("two"), json!(2.5), json!("2."), json!(true), json!(""), json!({}), json!("1e3")] {
        let expected =
            if value == json!("2.") { Ok(Whole(2)) } else { Err("A valid integer is required.".to_owned()) };
        assert_eq!(read::<Whole<1, 5>>(value.clone()), expected, "{value}");
    }
    let too_large = Err("Ensure this value is less than or equal to 5.".to_owned());
    assert_eq!(read::<Whole<1, 5>>(json!(6)), too_large);
    assert_eq!(read::<Whole<1, 5>>(json!("9".repeat(900))), too_large);
    let too_small = Err("Ensure this value is greater than or equal to 1.".to_owned());
    assert_eq!(read::<Whole<1, 5>>(json!(format!("-{}", "9".repeat(900)))), too_small);
    assert_eq!(read::<i64>(json!("9".repeat(1_001))), Err("String value too large.".to_owned()));
}

#[test]
fn decimals_are_read_exactly_from_strings_and_numbers() {
    for (value, expected) in [
        (json!("29.99"), "29.99"),
        (json!(29.99), "29.99"),
        (json!(0.1), "0.10"),
        (json!(30), "30.00"),
        (json!("-1.5"), "-1.50"),
        (json!(" +.5 "), "0.50"),
        (json!("1e3"), "1000.00"),
        (json!("125e-2"), "1.25"),
        (json!("0e9"), "0.00"),
        (json!("9999999999.99"), "9999999999.99"),
        (json!("0000000000000000001"), "1.00"),
    ] {
        let read = read::<Digits<12, 2>>(value.clone()).map(|digits| digits.0.to_string());
        assert_eq!(read.as_deref(), Ok(expected), "{value}");
    }
}

#[test]
fn decimals_have_a_size() {
    let message = |value: Value| read::<Digits<5, 2>>(value).unwrap_err();
    assert_eq!(message(json!("1234.56")), "Ensure that there are no more than 5 digits in total.");
    assert_eq!(message(json!("1.234")), "Ensure that there are no more than 2 decimal places.");
    assert_eq!(
        message(json!("1234.5")),
        "Ensure that there are no more than 3 digits before the decimal point."
    );
    assert_eq!(message(json!("1e2147483647")), "Ensure that there are no more than 5 digits in total.");
    assert_eq!(message(json!("1e-2147483648")), "Ensure that there are no more than 5 digits in total.");
    assert_eq!(message(json!("1".repeat(1_001))), "String value too large.");
    for value in
        [json!("x"), json!(""), json!("1.2.3"), json!("NaN"), json!("Infinity"), json!(true), json!([])]
    {
        assert_eq!(message(value.clone()), "A valid number is required.", "{value}");
    }
    for value in [json!("1e"), json!("."), json!("1_000"), json!("--1"), json!("1e99999999999"), json!("١")]
    {
        assert_eq!(message(value.clone()), "A valid number is required.", "{value}");
    }
    assert_eq!(
        read::<UnsignedDigits<5, 2>>(json!("-0.01")),
        Err("Ensure this value is greater than or equal to 0.".to_owned())
    );
    assert_eq!(read::<UnsignedDigits<28, 0>>(json!("7")).map(|d| d.0), Ok(Decimal::from(7)));
}

#[test]
fn booleans_have_many_names() {
    for value in [json!(true), json!("true"), json!("True"), json!(1), json!("yes")] {
        assert_eq!(read::<bool>(value), Ok(true));
    }
    for value in [json!(false), json!("FALSE"), json!(0), json!("off")] {
        assert_eq!(read::<bool>(value), Ok(false));
    }
    assert_eq!(read::<bool>(json!("perhaps")), Err("Must be a valid boolean.".to_owned()));
    assert_eq!(read::<bool>(json!([])), Err("Must be a valid boolean.".to_owned()));
}

#[test]
fn times_are_utc_unless_they_say_otherwise() {
    for text in [
        "2026-11-22T10:42:21.311047Z",
        "2026-11-22T11:42:21.311047+01:00",
        "2026-11-22T10:42:21.311047999",
        "2026-11-22 10:42:21.311047",
    ] {
        let moment = read::<Moment>(json!(text)).unwrap();
        assert_eq!(moment.0.to_string(), "2026-11-22T10:42:21.311047Z", "{text}");
    }
    assert!(read::<Moment>(json!("2026-11-22T10:42")).is_ok());
    let midnight = read::<Moment>(json!("2026-11-22")).unwrap();
    assert_eq!(midnight.0.to_string(), "2026-11-22T00:00:00Z");
    for value in [
        json!("20261122T1"),
        json!("soon"),
        json!("9999-12-32T00:00:00Z"),
        json!("9999-12-31T00:00:00+05:00Z"),
        json!("10000-01-01T00:00:00Z"),
        json!(5),
        json!("2026-13-01T00:00:00Z"),
        json!("-000001-01-01T00:00:00Z"),
        json!("2026-11-22T10:42Z[Europe/Paris]"),
    ] {
        let message = read::<jiff::Timestamp>(value.clone()).unwrap_err();
        assert!(message.starts_with("Datetime has wrong format. Use one of these formats"), "{value}");
    }
}

#[test]
fn the_end_of_time_is_what_is_kept_of_what_lies_beyond() {
    for text in [
        "9999-12-31",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59.999999999",
        "9999-12-31T00:00:00+01:00",
        "9999-12-30T20:00:00-05:00",
        "9999-12-30 23:00z",
        "9999-12-30T22:00:00.000001Z",
    ] {
        let moment = read::<Moment>(json!(text)).expect(text);
        assert_eq!(moment.0.to_string(), "9999-12-30T22:00:00Z", "{text}");
        assert_eq!(read::<Moment>(json!(moment.0.to_string())), Ok(moment), "it can be sent back");
        let kiritimati = jiff::tz::TimeZone::get("Pacific/Kiritimati").unwrap();
        assert!(Moment::parse_in(text, &kiritimati).is_some(), "{text}");
    }
    let earlier = read::<Moment>(json!("9999-12-31T10:00:00+13:00")).unwrap();
    assert_eq!(earlier.0.to_string(), "9999-12-30T21:00:00Z");
}

#[test]
fn dates_have_one_format() {
    assert_eq!(read::<Date>(json!("2026-02-28")), Ok(Date(jiff::civil::date(2026, 2, 28))));
    let message = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
    for value in [json!("2026-02-29"), json!("20260228"), json!("2026-02-28T10:00:00"), json!(1)] {
        assert_eq!(read::<Date>(value.clone()), Err(message.to_owned()), "{value}");
    }
}

#[test]
fn a_clients_own_json_is_kept_up_to_a_depth() {
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
    assert!(read::<JsonMap>(nested(MAX_JSON_DEPTH)).is_ok());
    assert_eq!(
        read::<JsonMap>(nested(MAX_JSON_DEPTH + 1)),
        Err("Ensure this value is nested no deeper than 16 levels.".to_owned())
    );
    assert_eq!(
        read::<JsonMap>(json!([])),
        Err("Expected a dictionary of items but got type \"list\".".to_owned())
    );
    assert_eq!(read::<Value>(json!([1, "x"])), Ok(json!([1, "x"])));
}

#[derive(Debug, PartialEq)]
struct Red;

impl Choice for Red {
    fn from_name(name: &str) -> Option<Self> {
        (name == "red").then_some(Self)
    }
}

#[test]
fn a_choice_is_one_of_its_words() {
    assert_eq!(read::<Red>(json!("red")), Ok(Red));
    assert_eq!(read::<Red>(json!("Red")), Err("\"Red\" is not a valid choice.".to_owned()));
    assert_eq!(read::<Red>(json!("")), Err("\"\" is not a valid choice.".to_owned()));
    assert_eq!(read::<Red>(json!(5)), Err("\"5\" is not a valid choice.".to_owned()));
    assert!(read::<Red>(json!("é".repeat(10_000))).unwrap_err().len() < 300);
}

#[test]
fn what_the_table_cannot_keep_is_refused_wherever_it_hides() {
    for kept in [json!({"a": [0, 1.5e100, -3, {"b": 1e-100}]}), json!({})] {
        assert!(read::<JsonMap>(kept.clone()).is_ok(), "{kept}");
    }
    for refused in
        [json!({"a": [1e300]}), json!({"a": {"b": -1e126}}), json!({"a": 1e-200}), json!({"a": [{"": 1}]})]
    {
        assert!(read::<JsonMap>(refused.clone()).is_err(), "{refused}");
    }
}

#[test]
fn an_empty_reference_refers_to_nothing() {
    let words = "This field may not be null.";
    assert_eq!(read::<Uuid>(json!("")), Err(words.to_owned()));
    assert_eq!(read::<Uuid>(json!(" ")), Err("Must be a valid UUID.".to_owned()));
    let mut f = fields(json!({"variant": "", "name": "", "order": ""}), Mode::Partial);
    assert_eq!(f.nullable::<Uuid>("variant"), Some(None));
    assert_eq!(f.nullable::<BlankText<9>>("name"), Some(Some(BlankText(String::new()))));
    assert_eq!(f.optional::<Uuid>("order"), None);
    assert_eq!(problems(f), json!({ "order": [words] }));
    // An entry of a list is none, as for Django REST Framework.
    let mut f = fields(json!({"ids": [""]}), Mode::Create);
    assert_eq!(f.values::<Uuid>("ids", 1..=2), None);
    assert_eq!(problems(f), json!({ "ids": { "0": ["Must be a valid UUID."] } }));
}

#[test]
fn the_numbers_that_a_client_keeps_with_us_are_read_as_they_come_back() {
    let read_body =
        |text: &str| -> Value { serde_json::from_slice(&crate::exact::marked(text.as_bytes())).unwrap() };
    let sent = read_body(r#"{"a":1.0,"b":[-0.0,{"c":1e2}],"d":1.5,"e":12345678901234567890123.0}"#);
    let kept = r#"{"a":1,"b":[0,{"c":100}],"d":1.5,"e":12345678901234567890123.0}"#;
    let told = |value: &Value| crate::exact::unmarked(value.to_string().as_bytes()).into_owned();
    let map = Value::Object(read::<BoundedMap<99>>(sent.clone()).unwrap().0);
    assert_eq!(String::from_utf8(told(&map)).unwrap(), kept);
    assert_eq!(read::<Value>(sent).unwrap(), map);
}

#[test]
fn a_number_that_no_float_holds_is_named_as_it_was_sent() {
    #[derive(Debug, PartialEq)]
    struct Word;
    impl Choice for Word {
        fn from_name(name: &str) -> Option<Self> {
            (name == "word").then_some(Word)
        }
    }
    let sent = crate::exact::marked(b"123456789012345678901234567890");
    let refused = read::<Word>(serde_json::from_slice(&sent).unwrap());
    let words = "\"123456789012345678901234567890\" is not a valid choice.";
    assert_eq!(refused, Err(words.to_owned()));
    assert_eq!(read::<Word>(json!("word")), Ok(Word));
}
