//! Llama 3's rope scaling, found again in the factors that a converter made of it.
//!
//! A GGUF file holds what each frequency is divided by, `rope_freqs.weight`; a configuration says by which rule. The
//! rule has the constants of Llama 3.1 in every published checkpoint but for the factor and the context that was trained
//! with. Those two are found here, and the rule is accepted only if it gives the very factors that the file holds.

use std::f64::consts::PI;

use serde_json::{Map, Value, json};

use super::header::Header;

/// The tensor with the factors.
pub(super) const FACTORS: &str = "rope_freqs.weight";

const LOW: f64 = 1.0;
const HIGH: f64 = 4.0;

/// How far a factor may be off: they were computed in single precision.
const TOLERANCE: f64 = 1e-4;

/// Base and scaling of a Llama or Apertus decoder, without the factors, which lie with the weights.
///
/// # Errors
/// The key that is missing or wrong.
pub(super) fn llama3(header: &Header, text: &mut Map<String, Value>) -> Result<(), String> {
    let metadata = &header.metadata;
    let name = metadata.text("general.architecture").unwrap_or_default();
    let scaling = metadata.text(&format!("{name}.rope.scaling.type")).unwrap_or("none");
    let scaling = match scaling {
        "none" => Value::Null,
        "linear" => {
            json!({"rope_type": "linear", "factor": metadata.number(&format!("{name}.rope.scaling.factor"))?})
        }
        other => return Err(format!("the rope scaling {other:?} is not supported")),
    };
    text.insert("rope_theta".into(), metadata.number(&format!("{name}.rope.freq_base"))?.into());
    text.insert("rope_scaling".into(), scaling);
    Ok(())
}

/// The scaling whose factors these are, for heads of twice as many numbers.
///
/// # Errors
/// A sentence, if no scaling of Llama 3 has them.
pub(super) fn from_factors(theta: f64, factors: &[f32]) -> Result<Value, String> {
    let wavelengths: Vec<f64> =
        (0..factors.len()).map(|i| 2.0 * PI * theta.powf(i as f64 / factors.len() as f64)).collect();
    let factors: Vec<f64> = factors.iter().copied().map(f64::from).collect();
    let factor = factors.iter().copied().fold(1.0, f64::max);
    if factors.iter().all(|f| *f == 1.0) {
        return Ok(Value::Null);
    }
    let context = context(&wavelengths, &factors, factor);
    let fits = wavelengths
        .iter()
        .zip(&factors)
        .all(|(wavelength, found)| (expected(*wavelength, factor, context) / found - 1.0).abs() <= TOLERANCE);
    if !fits {
        return Err(format!("the factors in {FACTORS} are not those of a scaling of Llama 3"));
    }
    Ok(json!({
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": LOW,
        "high_freq_factor": HIGH,
        "original_max_position_embeddings": context,
    }))
}

/// The context that was trained with: from the ramp if a frequency lies on it, else any that keeps both sides apart.
fn context(wavelengths: &[f64], factors: &[f64], factor: f64) -> f64 {
    let on_ramp = wavelengths.iter().zip(factors).find(|(_, f)| **f > 1.0 && **f < factor);
    if let Some((wavelength, found)) = on_ramp {
        let ramp = (1.0 / found - 1.0 / factor) / (1.0 - 1.0 / factor);
        return (wavelength * (ramp * (HIGH - LOW) + LOW)).round();
    }
    let of = |side: fn(f64) -> bool| {
        wavelengths.iter().zip(factors).filter(move |(_, f)| side(**f)).map(|(w, _)| *w)
    };
    let short = of(|f| f == 1.0).fold(0.0, f64::max);
    let long = of(|f| f != 1.0).fold(f64::INFINITY, f64::min);
    // The ramp reaches from a fourth of the context to all of it; between the two it has to lie.
    (short * HIGH * long * LOW).sqrt().clamp(1.0, 1e9).round()
}

fn expected(wavelength: f64, factor: f64, context: f64) -> f64 {
    if wavelength < context / HIGH {
        1.0
    } else if wavelength > context / LOW {
        factor
    } else {
        let ramp = (context / wavelength - LOW) / (HIGH - LOW);
        1.0 / ((1.0 - ramp) / factor + ramp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(theta: f64, half: usize, factor: f64, context: f64) -> Vec<f32> {
        let wavelength = |i: usize| 2.0 * PI * theta.powf(i as f64 / half as f64);
        (0..half).map(|i| expected(wavelength(i), factor, context) as f32).collect()
    }

    #[test]
    fn the_scaling_is_found_in_its_factors() {
        for (theta, half, factor, context) in
            [(5e5, 64, 8.0, 8192.0), (12e6, 64, 8.0, 8192.0), (5e5, 32, 32.0, 8192.0), (5e5, 6, 8.0, 64.0)]
        {
            let found = from_factors(theta, &factors(theta, half, factor, context)).unwrap();
            assert_eq!(found["factor"], factor);
            assert_eq!(
                found["original_max_position_embeddings"], context,
                "theta {theta}, {half} frequencies"
            );
        }
    }

    #[test]
    fn factors_of_another_rule_are_refused() {
        let mut other = factors(5e5, 64, 8.0, 8192.0);
        other[32] *= 1.01;
        assert!(from_factors(5e5, &other).is_err(), "they would be ignored or misread");
        assert_eq!(from_factors(5e5, &[1.0; 8]).unwrap(), Value::Null, "factors of one do nothing");
    }
}
