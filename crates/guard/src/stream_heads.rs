//! Qwen3Guard-Stream's heads: risk and category at every token.
//!
//! Follows `Qwen3ForGuardModel` of the published checkpoints. The decoder below is a plain Qwen3. The heads for the query
//! were trained at the end of the user's turn alone, those for the response at each of its tokens. T is tokens, H the
//! decoder's hidden size, G the heads' inner size.

use std::path::Path;

use candle_core::{DType, Result, Tensor};
use saring_verdict::EngineError;
use serde_json::Value;

use crate::{
    checkpoint::{TensorSpec, Weights},
    layers::{Linear, Loader, RmsNorm, failure},
};

/// The reference has it as a constant.
const NORM_EPS: f64 = 1e-6;

/// What the published checkpoints mean, where config.json does not say.
const RISKS: [&str; 3] = ["Safe", "Unsafe", "Controversial"];
const CATEGORIES: [&str; 9] = [
    "Violent",
    "Sexual Content or Sexual Acts",
    "Suicide & Self-Harm",
    "Politically Sensitive Topics",
    "PII",
    "Copyright Violation",
    "Non-violent Illegal Acts",
    "Unethical Acts",
    "Jailbreak",
];

/// What the outputs of one pair of heads are called, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeadNames {
    pub risks: Vec<String>,
    pub categories: Vec<String>,
}

/// What shapes the heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamConfig {
    hidden_size: usize,
    inner_size: usize,
    /// Of the heads that read a response.
    pub response: HeadNames,
    /// Of the heads that read a query.
    pub query: HeadNames,
}

/// Projection, norm and the two heads for one role.
#[derive(Debug)]
struct Heads {
    inner: Linear,
    norm: RmsNorm,
    risk: Linear,
    category: Linear,
}

/// The heads with their weights on a device.
#[derive(Debug)]
pub(crate) struct StreamHeads {
    config: StreamConfig,
    response: Heads,
    query: Heads,
}

impl StreamConfig {
    /// Sizes and names from config.json; what it does not say comes from the shapes of the tensors and the published order.
    ///
    /// # Errors
    /// `BadConfig` for names that are missing or do not fit the heads, `MissingTensor`.
    pub fn from_json(root: &Value, path: &Path, weights: &Weights) -> std::result::Result<Self, EngineError> {
        let names = |role: &str, prefix: &str| {
            let read = |kind: &str, head: &str, known: &[&str]| {
                let outputs = weights.shape(&format!("{prefix}{head}.weight"))?[0];
                let key = format!("{role}_{kind}_map");
                output_names(&root[&key], outputs, known).ok_or_else(|| EngineError::BadConfig {
                    path: path.to_owned(),
                    reason: format!("`{key}` must name {outputs} outputs by their numbers"),
                })
            };
            Ok::<_, EngineError>(HeadNames {
                risks: read("risk_level", "risk_level_head", &RISKS)?,
                categories: read("category", "category_head", &CATEGORIES)?,
            })
        };
        let &[inner_size, hidden_size] = weights.shape("risk_level_category_pre.weight")? else {
            let reason = "risk_level_category_pre.weight must be a matrix".into();
            return Err(EngineError::BadConfig { path: path.to_owned(), reason });
        };
        let stated = root["guard_inner_size"].as_u64();
        if stated.is_some_and(|size| size != inner_size as u64) {
            let reason = format!("`guard_inner_size` must be the {inner_size} of the heads' tensors");
            return Err(EngineError::BadConfig { path: path.to_owned(), reason });
        }
        let (response, query) = (names("response", "")?, names("query", "query_")?);
        if query.risks.iter().any(|risk| !response.risks.contains(risk)) {
            let reason = "`query_risk_level_map` must name the labels of `response_risk_level_map`".into();
            return Err(EngineError::BadConfig { path: path.to_owned(), reason });
        }
        Ok(Self { hidden_size, inner_size, response, query })
    }
}

/// `{"0": "Safe", ...}` or `{"Safe": 0, ...}` as a list; the published order where nothing is said.
fn output_names(map: &Value, outputs: usize, known: &[&str]) -> Option<Vec<String>> {
    let Some(map) = map.as_object() else {
        let known = known.get(..outputs).filter(|_| map.is_null())?;
        return Some(known.iter().map(|name| (*name).to_owned()).collect());
    };
    let mut names = vec![None; outputs];
    for (key, value) in map {
        let (number, name) = match value {
            Value::String(name) => (key.parse().ok()?, name),
            number => (usize::try_from(number.as_u64()?).ok()?, key),
        };
        *names.get_mut(number)? = Some(name.clone());
    }
    names.into_iter().collect()
}

impl StreamHeads {
    /// The tensors that a checkpoint of this shape must hold beside its decoder's.
    pub fn tensors(config: &StreamConfig) -> Vec<TensorSpec> {
        let (h, g) = (config.hidden_size, config.inner_size);
        let mut specs = Vec::new();
        for (prefix, names) in [("", &config.response), ("query_", &config.query)] {
            for (name, shape) in [
                ("risk_level_category_pre", &[g, h][..]),
                ("risk_level_category_layernorm", &[g]),
                ("risk_level_head", &[names.risks.len(), g]),
                ("category_head", &[names.categories.len(), g]),
            ] {
                specs.push(TensorSpec { name: format!("{prefix}{name}.weight"), shape: shape.to_vec() });
            }
        }
        specs
    }

    /// Copies the heads to the loader's device. The tensors have been checked.
    ///
    /// # Errors
    /// Those of the loader.
    pub fn load(config: StreamConfig, loader: &mut Loader<'_>) -> std::result::Result<Self, EngineError> {
        Ok(Self { config, response: Heads::load(loader, "")?, query: Heads::load(loader, "query_")? })
    }

    /// What the outputs are called.
    pub fn config(&self) -> &StreamConfig {
        &self.config
    }

    /// Logits of risk `[T, 3]` and category `[T, 8]` at tokens of a response, in single precision. `hidden` is `[T, H]`,
    /// behind the decoder's last norm.
    pub fn response(&self, hidden: &Tensor) -> Result<(Tensor, Tensor)> {
        self.response.forward(hidden)
    }

    /// Logits of risk `[T, 3]` and category `[T, 9]` at the tokens that end a user's turn, in single precision. `hidden`
    /// is `[T, H]`, behind the decoder's last norm.
    pub fn query(&self, hidden: &Tensor) -> Result<(Tensor, Tensor)> {
        self.query.forward(hidden)
    }
}

impl Heads {
    /// They are small and decide the label: never quantised, and unpacked where they are stored so.
    fn load(loader: &mut Loader<'_>, prefix: &str) -> std::result::Result<Self, EngineError> {
        let mut linear = |name: &str| {
            let weight = loader.tensor(&format!("{prefix}{name}.weight"))?;
            Linear::dense(weight, None).map_err(|e| EngineError::Inference { reason: failure(&e) })
        };
        let (inner, risk) = (linear("risk_level_category_pre")?, linear("risk_level_head")?);
        let category = linear("category_head")?;
        let norm = loader.tensor(&format!("{prefix}risk_level_category_layernorm.weight"))?;
        Ok(Self { inner, norm: RmsNorm::new(norm, NORM_EPS, loader.computing), risk, category })
    }

    fn forward(&self, hidden: &Tensor) -> Result<(Tensor, Tensor)> {
        let inner = self.norm.forward(&self.inner.forward(hidden)?)?;
        let logits = |head: &Linear| head.forward(&inner)?.to_dtype(DType::F32);
        Ok((logits(&self.risk)?, logits(&self.category)?))
    }
}
