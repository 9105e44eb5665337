//! Characters as people paste them: digits of any script, marks that nobody sees, and text that is
//! to stand on one line.

use icu_casemap::CaseMapper;

/// A text without its case, as Unicode folds it: texts that differ by nothing else become one, also
/// where a letter is two in the other case (`Straße`, `STRASSE`) or has a form for the end of
/// words.
#[must_use]
pub fn folded(text: &str) -> String {
    CaseMapper::new().fold_string(text).into_owned()
}

/// Where the decimal digits of each script begin; ten in a row from there. Unicode 16, category Nd.
const ZEROS: [char; 76] = [
    '0',
    '\u{660}',
    '\u{6F0}',
    '\u{7C0}',
    '\u{966}',
    '\u{9E6}',
    '\u{A66}',
    '\u{AE6}',
    '\u{B66}',
    '\u{BE6}',
    '\u{C66}',
    '\u{CE6}',
    '\u{D66}',
    '\u{DE6}',
    '\u{E50}',
    '\u{ED0}',
    '\u{F20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17E0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19D0}',
    '\u{1A80}',
    '\u{1A90}',
    '\u{1B50}',
    '\u{1BB0}',
    '\u{1C40}',
    '\u{1C50}',
    '\u{A620}',
    '\u{A8D0}',
    '\u{A900}',
    '\u{A9D0}',
    '\u{A9F0}',
    '\u{AA50}',
    '\u{ABF0}',
    '\u{FF10}',
    '\u{104A0}',
    '\u{10D30}',
    '\u{10D40}',
    '\u{11066}',
    '\u{110F0}',
    '\u{11136}',
    '\u{111D0}',
    '\u{112F0}',
    '\u{11450}',
    '\u{114D0}',
    '\u{11650}',
    '\u{116C0}',
    '\u{116D0}',
    '\u{116DA}',
    '\u{11730}',
    '\u{118E0}',
    '\u{11950}',
    '\u{11BF0}',
    '\u{11C50}',
    '\u{11D50}',
    '\u{11DA0}',
    '\u{11F50}',
    '\u{16130}',
    '\u{16A60}',
    '\u{16AC0}',
    '\u{16B50}',
    '\u{16D70}',
    '\u{1CCF0}',
    '\u{1D7CE}',
    '\u{1D7D8}',
    '\u{1D7E2}',
    '\u{1D7EC}',
    '\u{1D7F6}',
    '\u{1E140}',
    '\u{1E2F0}',
    '\u{1E4F0}',
    '\u{1E5F1}',
    '\u{1E950}',
    '\u{1FBF0}',
];

/// The value of a decimal digit, of whatever script: Latin, full-width, Arabic and so on.
#[must_use]
pub fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).and_then(|value| u8::try_from(value).ok());
    }
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= c)].last()?;
    u8::try_from(u32::from(c) - u32::from(*zero)).ok().filter(|value| *value < 10)
}

/// Whether a character only tells software how to lay text out: it turns the direction, joins,
/// separates or stands for nothing. Text can be made to look like other text with it.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a character is a hyphen or a dash of any length, or a minus.
#[must_use]
pub const fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{58A}' | '\u{2010}'
            ..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{301C}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}'
    )
}

/// Whether a character ends a line or commands a terminal, and so is no part of a text that stands
/// on one line.
#[must_use]
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A telephone number as it looks, in the characters that every telephone knows: digits, hyphens,
/// brackets and a plus of whatever script are plain ones, and what nobody sees is left out.
#[must_use]
pub fn phone(text: &str) -> String {
    let plain = |c: char| match c {
        c if digit(c).is_some() => char::from(b'0' + digit(c).unwrap_or_default()),
        c if is_dash(c) => '-',
        c if c.is_whitespace() && !c.is_control() => ' ',
        '\u{FF0B}' | '\u{FE62}' => '+',
        '\u{FF08}' => '(',
        '\u{FF09}' => ')',
        '\u{FF0E}' | '\u{B7}' | '\u{2024}' => '.',
        '\u{FF0F}' | '\u{2044}' | '\u{2215}' => '/',
        c => c,
    };
    text.chars().filter(|c| !is_invisible(*c)).map(plain).collect::<String>().trim().to_owned()
}

/// A text on one line, as it looks: without what nobody sees, and with one space for each run of
/// white space and control characters.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        match c {
            c if !(c.is_whitespace() || is_control(c)) => line.push(c),
            _ if line.is_empty() || line.ends_with(' ') => {}
            _ => line.push(' '),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_have_a_value() {
        assert!(ZEROS.is_sorted());
        for (c, value) in
            [('0', Some(0)), ('9', Some(9)), ('٤', Some(4)), ('５', Some(5)), ('𝟗', Some(9)), ('𝟘', Some(0))]
        {
            assert_eq!(digit(c), value, "{c}");
        }
        for c in ['/', ':', 'a', '²', '½', '四', '\u{66A}', '\0', '\u{10FFFF}'] {
            assert_eq!(digit(c), None, "{c}");
        }
    }

    #[test]
    fn a_telephone_number_is_what_it_looks_like() {
        for (pasted, number) in [
            ("+49\u{a0}30\u{202f}901820", "+49 30 901820"),
            ("\u{202a}+44 20 7946\u{2013}0958\u{202c}", "+44 20 7946-0958"),
            ("\u{200e}٠٣٠ ٩٠١٨٢٠", "030 901820"),
            ("＋８１（３）１２３４－５６７８", "+81(3)1234-5678"),
            ("555\u{2010}0100 ext. 12", "555-0100 ext. 12"),
            ("030\n901820", "030\n901820"),
        ] {
            assert_eq!(phone(pasted), number);
        }
    }

    #[test]
    fn a_text_on_one_line_looks_as_it_reads() {
        for (text, line) in [
            ("Berlin", "Berlin"),
            (" Berlin\r\n\r\nPayment: Paid\t\u{2028}now ", "Berlin Payment: Paid now"),
            ("gnp\u{202E}.exe\u{200B}\u{FEFF}", "gnp.exe"),
            ("\u{1b}[31mred\0", "[31mred"),
            ("São Tomé 東京 👍", "São Tomé 東京 👍"),
            ("\n\t", ""),
        ] {
            assert_eq!(one_line(text), line);
        }
    }
}
