//! Exponential and logarithm that are the same on every platform.
//!
//! The ones of `std` are those of the platform's C library, and differ in their last bits. These use additions,
//! multiplications and bits of IEEE 754 numbers in a fixed order, which Rust neither reorders nor fuses.

/// e to the `x`, to about seven digits; 0 below -80, and `x` above 80 is 80.
pub(crate) fn exp(x: f32) -> f32 {
    if x < -80.0 || x.is_nan() {
        return 0.0;
    }
    let x = x.min(80.0);
    // e^x = 2^k e^r with |r| <= ln 2 / 2.
    let k = (x * std::f32::consts::LOG2_E + if x < 0.0 { -0.5 } else { 0.5 }) as i32;
    let r = x - k as f32 * 0.693_359_4 + k as f32 * 2.121_944_4e-4;
    let tail = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * tail))));
    series * f32::from_bits(((k + 127) as u32) << 23)
}

/// Natural logarithm of a positive normal number, to about six digits.
pub(crate) fn ln(x: f32) -> f32 {
    let bits = x.max(f32::MIN_POSITIVE).to_bits();
    let exponent = (bits >> 23).cast_signed() - 127;
    let mantissa = f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000);
    // ln m = 2 artanh((m - 1) / (m + 1)), with m brought near 1.
    let (mantissa, exponent) = if mantissa > std::f32::consts::SQRT_2 {
        (mantissa * 0.5, exponent + 1)
    } else {
        (mantissa, exponent)
    };
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let s2 = s * s;
    let series = s * (2.0 + s2 * (2.0 / 3.0 + s2 * (2.0 / 5.0 + s2 * (2.0 / 7.0 + s2 * (2.0 / 9.0)))));
    series + exponent as f32 * std::f32::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_close_to_those_of_std() {
        for step in -700..700 {
            let x = step as f32 / 10.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 2e-6, "{x}: {} {}", exp(x), x.exp());
            let y = x.exp();
            assert!((ln(y) - x).abs() < 1e-5 * x.abs().max(1.0), "{y}: {} {x}", ln(y));
        }
        assert_eq!(exp(0.0).to_bits(), 1.0f32.to_bits());
        assert_eq!(exp(-1000.0).to_bits(), 0);
        assert!(exp(f32::MAX).is_finite());
    }
}
