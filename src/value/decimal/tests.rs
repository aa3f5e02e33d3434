use super::*;

fn number(text: &str) -> Decimal {
    Decimal::parse(text).expect("a number")
}

fn shown(result: Result<Decimal, DomainError>) -> String {
    result.map_or_else(|error| format!("{error:?}"), |number| number.to_string())
}

#[test]
fn texts_come_back() {
    for text in [
        "0",
        "1",
        "-1",
        "0.1",
        "12.5",
        "100",
        "-0.001",
        "1e50",
        "1.5e-60",
        "9999999999999999999999999999999999",
    ] {
        assert_eq!(number(text).to_string(), text);
    }
    for (text, plain) in [
        (".5", "0.5"),
        ("5.", "5"),
        ("1.989e30", "1989000000000000000000000000000"),
        ("+7", "7"),
        ("-0", "0"),
        ("1.50", "1.5"),
    ] {
        assert_eq!(number(text).to_string(), plain);
    }
    for text in ["", ".", "-", "1e", "1.2.3", "x", "1e+", "--1", "1e99999"] {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}

#[test]
fn small_sums_are_exact() {
    assert_eq!(number("0.1").checked_add(number("0.2")), Ok(number("0.3")));
    assert_eq!(shown(number("1").checked_sub(number("0.9"))), "0.1");
    assert_eq!(shown(number("1e33").checked_add(number("1"))), "1000000000000000000000000000000001");
}

#[test]
fn sums_round_once_half_to_even() {
    let all_nines = number("9999999999999999999999999999999999");
    assert_eq!(shown(all_nines.checked_add(number("0.5"))), "10000000000000000000000000000000000");
    assert_eq!(
        shown(number("9999999999999999999999999999999998").checked_add(number("0.5"))),
        "9999999999999999999999999999999998"
    );
    assert_eq!(
        shown(number("9999999999999999999999999999999998").checked_add(number("0.5000000001"))),
        "9999999999999999999999999999999999"
    );
    assert_eq!(shown(number("1").checked_add(number("1e-50"))), "1");
    assert_eq!(shown(number("1").checked_sub(number("1e-50"))), "1");
    assert_eq!(shown(number("1").checked_sub(number("1e-34"))), "0.9999999999999999999999999999999999");
}

#[test]
fn products_and_quotients() {
    assert_eq!(
        shown(number("1e17").checked_add(number("1")).and_then(|n| n.checked_mul(n))),
        "10000000000000000200000000000000000"
    );
    assert_eq!(shown(number("1").checked_div(number("3"))), "0.3333333333333333333333333333333333");
    assert_eq!(shown(number("2").checked_div(number("3"))), "0.6666666666666666666666666666666667");
    assert_eq!(shown(number("-1").checked_div(number("8"))), "-0.125");
    assert_eq!(number("1").checked_div(Decimal::ZERO), Err(DomainError::DivisionByZero));
    assert_eq!(number("1e6000").checked_mul(number("1e6000")), Err(DomainError::Overflow));
    assert_eq!(shown(number("1.1").checked_pow(number("3"))), "1.331");
    assert_eq!(shown(number("2").checked_pow(number("-2"))), "0.25");
}

#[test]
fn order_is_by_size() {
    let ascending =
        ["-1e40", "-12", "-1.5", "-1e-9", "0", "1e-9", "0.1", "0.11", "1", "1.5", "9", "10", "1e40"];
    for pair in ascending.windows(2) {
        assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
    }
}

#[test]
fn arithmetic_agrees_with_whole_numbers() {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::from((state >> 33) as i32) - (1 << 30)
    };
    for _ in 0..2000 {
        let (a, b) = (next(), next());
        let (x, y) = (Decimal::from(a), Decimal::from(b));
        assert_eq!(x.checked_add(y), Ok(Decimal::from(a + b)));
        assert_eq!(x.checked_mul(y), Ok(Decimal::from(a * b)));
        assert_eq!(x.cmp(&y), a.cmp(&b));
        assert_eq!(number(&x.to_string()), x);
        if b != 0 {
            let back = x.checked_mul(y).and_then(|product| product.checked_div(y));
            assert_eq!(back, Ok(x));
        }
    }
}

/// Short numbers are divided step by step, others at once in wider ones: both round the same.
#[test]
fn short_quotients_are_those_of_wide_ones() {
    let mut state = 11_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> (state >> 58)
    };
    let mut numbers: Vec<u64> = (0..400).map(|_| next()).collect();
    numbers.extend([1, 2, 3, 7, 8, 10, 25, 99, 1 << 40, 10_u64.pow(19), u64::MAX, u64::MAX - 1]);
    for pair in numbers.windows(2) {
        let [top, bottom] = [pair[0].max(1), pair[1].max(1)];
        let decimal = |number: u64| Decimal::scaled(i128::from(number), 0).expect("it is short");
        let lift = 36 + digits(u128::from(bottom)).saturating_sub(digits(u128::from(top)));
        let mut wide = Wide::from(u128::from(top));
        wide.multiply_by_power_of_ten(lift);
        let (quotient, rest) = wide.divide(u128::from(bottom));
        let wanted = Decimal::from_wide(false, quotient, -i64::from(lift), rest);
        assert_eq!(decimal(top).checked_div(decimal(bottom)), wanted, "{top} / {bottom}");
    }
}
