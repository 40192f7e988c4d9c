//! `vision_config` of config.json, as `transformers` 4 and 5 write it.
//!
//! What is absent has the default of the reference's configuration class: published checkpoints leave much out.

use std::path::Path;

use saring_verdict::EngineError;
use serde_json::Value;

/// What shapes the tower of a checkpoint that reads images.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum VisionConfig {
    /// Qwen3-VL's own tower.
    Qwen3Vl(Qwen3VlVisionConfig),
    /// SigLIP and Gemma 3's projector.
    Gemma3(Gemma3VisionConfig),
}

/// Qwen3-VL's tower. Field names are config.json's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Qwen3VlVisionConfig {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub depth: usize,
    pub num_heads: usize,
    pub in_channels: usize,
    pub patch_size: usize,
    pub temporal_patch_size: usize,
    pub spatial_merge_size: usize,
    /// The decoder's hidden size.
    pub out_hidden_size: usize,
    pub num_position_embeddings: usize,
    /// Ascending numbers of the blocks whose results also go to the decoder's first layers.
    pub deepstack_visual_indexes: Vec<usize>,
    pub rope_theta: f64,
}

/// SigLIP and the projector behind it. Field names are config.json's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gemma3VisionConfig {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_channels: usize,
    pub image_size: usize,
    pub patch_size: usize,
    pub layer_norm_eps: f64,
    pub mm_tokens_per_image: usize,
    /// The decoder's hidden size.
    pub text_hidden_size: usize,
}

impl VisionConfig {
    /// Reads the root of config.json; `None` for a checkpoint that reads text alone.
    ///
    /// # Errors
    /// `BadConfig` with the key that is wrong or not supported.
    pub fn from_json(root: &Value, path: &Path) -> Result<Option<Self>, EngineError> {
        let vision = &root["vision_config"];
        if vision.is_null() {
            return Ok(None);
        }
        let keys = Keys { path, section: "vision_config", root: vision };
        match root["architectures"][0].as_str() {
            Some("Qwen3VLForConditionalGeneration") => {
                Qwen3VlVisionConfig::read(&keys, root).map(|config| Some(Self::Qwen3Vl(config)))
            }
            Some("Gemma3ForConditionalGeneration") => {
                Gemma3VisionConfig::read(&keys, root).map(|config| Some(Self::Gemma3(config)))
            }
            _ => Ok(None),
        }
    }
}

impl Qwen3VlVisionConfig {
    fn read(keys: &Keys<'_>, root: &Value) -> Result<Self, EngineError> {
        keys.activation()?;
        let depth = keys.count("depth", 27, 1 << 10)?;
        let config = Self {
            hidden_size: keys.count("hidden_size", 1152, 1 << 16)?,
            intermediate_size: keys.count("intermediate_size", 4304, 1 << 20)?,
            depth,
            num_heads: keys.count("num_heads", 16, 1 << 12)?,
            in_channels: keys.count("in_channels", 3, 3)?,
            patch_size: keys.count("patch_size", 16, 256)?,
            temporal_patch_size: keys.count("temporal_patch_size", 2, 16)?,
            spatial_merge_size: keys.count("spatial_merge_size", 2, 16)?,
            out_hidden_size: keys.count("out_hidden_size", 3584, 1 << 16)?,
            num_position_embeddings: keys.count("num_position_embeddings", 2304, 1 << 20)?,
            deepstack_visual_indexes: keys.layers("deepstack_visual_indexes", &[8, 16, 24], depth)?,
            rope_theta: keys.rope_theta()?,
        };
        if !config.hidden_size.is_multiple_of(4 * config.num_heads) {
            return Err(keys.bad("`hidden_size` must be a multiple of 4 times `num_heads`"));
        }
        if config.positions_side().pow(2) != config.num_position_embeddings {
            return Err(keys.bad("`num_position_embeddings` must be a square number"));
        }
        let text = root["text_config"]["hidden_size"].as_u64();
        if text.is_some_and(|size| size != config.out_hidden_size as u64) {
            return Err(keys.bad("`out_hidden_size` must be the `hidden_size` of `text_config`"));
        }
        Ok(config)
    }

    /// Entries a side of the table of positions.
    pub fn positions_side(&self) -> usize {
        self.num_position_embeddings.isqrt()
    }

    /// Numbers of one patch.
    pub fn patch_numbers(&self) -> usize {
        self.in_channels * self.temporal_patch_size * self.patch_size.pow(2)
    }

    /// Hidden size of the patches that become one token, together.
    pub fn merged_size(&self) -> usize {
        self.hidden_size * self.spatial_merge_size.pow(2)
    }
}

impl Gemma3VisionConfig {
    fn read(keys: &Keys<'_>, root: &Value) -> Result<Self, EngineError> {
        keys.activation()?;
        if !matches!(keys.root["vision_use_head"], Value::Null | Value::Bool(false)) {
            return Err(keys.bad("`vision_use_head` other than false is not supported"));
        }
        let outer = Keys { path: keys.path, section: "config.json", root };
        let text = Keys { path: keys.path, section: "text_config", root: &root["text_config"] };
        let config = Self {
            hidden_size: keys.count("hidden_size", 768, 1 << 16)?,
            intermediate_size: keys.count("intermediate_size", 3072, 1 << 20)?,
            num_hidden_layers: keys.count("num_hidden_layers", 12, 1 << 10)?,
            num_attention_heads: keys.count("num_attention_heads", 12, 1 << 12)?,
            num_channels: keys.count("num_channels", 3, 3)?,
            image_size: keys.count("image_size", 224, 4096)?,
            patch_size: keys.count("patch_size", 16, 256)?,
            layer_norm_eps: keys.epsilon("layer_norm_eps", 1e-6)?,
            mm_tokens_per_image: outer.count("mm_tokens_per_image", 256, 1 << 16)?,
            text_hidden_size: text.count("hidden_size", 2304, 1 << 16)?,
        };
        if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(keys.bad("`hidden_size` must be a multiple of `num_attention_heads`"));
        }
        let tokens_side = config.tokens_side();
        if !config.image_size.is_multiple_of(config.patch_size)
            || tokens_side.pow(2) != config.mm_tokens_per_image
            || !config.patches_side().is_multiple_of(tokens_side)
        {
            let (size, patch, tokens) = (config.image_size, config.patch_size, config.mm_tokens_per_image);
            return Err(keys.bad(format!(
                "an image of {size} pixels in patches of {patch} does not make {tokens} tokens"
            )));
        }
        Ok(config)
    }

    /// Patches a side.
    pub fn patches_side(&self) -> usize {
        self.image_size / self.patch_size
    }

    /// Tokens a side.
    pub fn tokens_side(&self) -> usize {
        self.mm_tokens_per_image.isqrt()
    }
}

/// Reads keys of one section of config.json and says which one is wrong.
struct Keys<'a> {
    path: &'a Path,
    section: &'static str,
    root: &'a Value,
}

impl Keys<'_> {
    fn bad(&self, reason: impl Into<String>) -> EngineError {
        let reason = format!("{}: {}", self.section, reason.into());
        EngineError::BadConfig { path: self.path.to_owned(), reason }
    }

    fn count(&self, key: &str, default: usize, max: usize) -> Result<usize, EngineError> {
        if self.root[key].is_null() {
            return Ok(default);
        }
        let number = self.root[key].as_u64().and_then(|n| usize::try_from(n).ok());
        number
            .filter(|n| (1..=max).contains(n))
            .ok_or_else(|| self.bad(format!("`{key}` must be a number from 1 to {max}")))
    }

    fn epsilon(&self, key: &str, default: f64) -> Result<f64, EngineError> {
        if self.root[key].is_null() {
            return Ok(default);
        }
        let number = self.root[key].as_f64().filter(|e| *e > 0.0 && *e < 1.0);
        number.ok_or_else(|| self.bad(format!("`{key}` must lie between 0 and 1")))
    }

    /// Ascending numbers of layers.
    fn layers(&self, key: &str, default: &[usize], depth: usize) -> Result<Vec<usize>, EngineError> {
        let layers: Option<Vec<usize>> = match &self.root[key] {
            Value::Null => Some(default.to_vec()),
            Value::Array(values) => values.iter().map(|v| v.as_u64()?.try_into().ok()).collect(),
            _ => None,
        };
        let fits = |l: &Vec<usize>| l.is_sorted_by(|a, b| a < b) && l.last().is_none_or(|n| *n < depth);
        layers
            .filter(fits)
            .ok_or_else(|| self.bad(format!("`{key}` must be ascending layer numbers below {depth}")))
    }

    fn activation(&self) -> Result<(), EngineError> {
        match &self.root["hidden_act"] {
            Value::Null => Ok(()),
            name if name == "gelu_pytorch_tanh" => Ok(()),
            other => Err(self.bad(format!("`hidden_act`: {other} is not supported"))),
        }
    }

    /// The base of the rotary angles; before transformers 5 it was fixed.
    fn rope_theta(&self) -> Result<f64, EngineError> {
        let rope = &self.root["rope_parameters"];
        let kind = &rope["rope_type"];
        let is_axial = kind.is_null() || kind == "axial" || kind == "default";
        let theta = if rope["rope_theta"].is_null() { Some(10_000.0) } else { rope["rope_theta"].as_f64() };
        match theta {
            Some(theta) if theta > 0.0 && is_axial => Ok(theta),
            Some(theta) if theta > 0.0 => Err(self.bad(format!("`rope_type`: {kind} is not supported"))),
            _ => Err(self.bad("`rope_theta` must be above 0")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(root: &Value) -> Result<Option<VisionConfig>, EngineError> {
        VisionConfig::from_json(root, Path::new("config.json"))
    }

    fn qwen() -> Value {
        json!({
            "architectures": ["Qwen3VLForConditionalGeneration"],
            "text_config": {"hidden_size": 2560},
            "vision_config": {
                "deepstack_visual_indexes": [5, 11, 17], "depth": 24, "hidden_act": "gelu_pytorch_tanh",
                "hidden_size": 1024, "in_channels": 3, "intermediate_size": 4096, "num_heads": 16,
                "num_position_embeddings": 2304, "out_hidden_size": 2560, "patch_size": 16,
                "spatial_merge_size": 2, "temporal_patch_size": 2,
            },
        })
    }

    fn gemma() -> Value {
        json!({
            "architectures": ["Gemma3ForConditionalGeneration"],
            "mm_tokens_per_image": 256,
            "text_config": {"hidden_size": 3840},
            "vision_config": {
                "hidden_size": 1152, "image_size": 896, "intermediate_size": 4304, "num_attention_heads": 16,
                "num_hidden_layers": 27, "patch_size": 14, "vision_use_head": false,
            },
        })
    }

    #[test]
    fn published_configurations_are_read_with_the_defaults_they_leave_out() {
        let Some(VisionConfig::Qwen3Vl(config)) = read(&qwen()).unwrap() else {
            panic!("Qwen3-VL has a tower")
        };
        assert_eq!((config.positions_side(), config.patch_numbers(), config.merged_size()), (48, 1536, 4096));
        assert_eq!(config.rope_theta, 10_000.0);
        let Some(VisionConfig::Gemma3(config)) = read(&gemma()).unwrap() else {
            panic!("Gemma 3 has a tower")
        };
        assert_eq!((config.patches_side(), config.tokens_side()), (64, 16));
        assert_eq!((config.num_channels, config.layer_norm_eps), (3, 1e-6));
    }

    #[test]
    fn a_checkpoint_that_reads_text_alone_has_no_tower() {
        assert_eq!(read(&json!({"architectures": ["Qwen3ForCausalLM"]})).unwrap(), None);
        let mut root = qwen();
        root["vision_config"] = Value::Null;
        assert_eq!(read(&root).unwrap(), None);
    }

    #[test]
    fn what_a_tower_does_not_compute_is_refused() {
        for (key, value) in [
            ("hidden_act", json!("gelu")),
            ("hidden_act", json!({"name": "gelu_pytorch_tanh"})),
            ("hidden_size", json!(1030)),
            ("num_position_embeddings", json!(2300)),
            ("deepstack_visual_indexes", json!([5, 24])),
            ("deepstack_visual_indexes", json!([11, 5])),
            ("out_hidden_size", json!(2048)),
            ("patch_size", json!([16, 16])),
            ("rope_parameters", json!({"rope_type": "yarn", "rope_theta": 1e4})),
            ("rope_parameters", json!({"rope_type": 3, "rope_theta": 1e4})),
        ] {
            let mut root = qwen();
            root["vision_config"][key] = value;
            assert!(read(&root).is_err(), "{key} must be refused, not ignored");
        }
        for (key, value) in [
            ("vision_use_head", json!(true)),
            ("vision_use_head", json!(1)),
            ("image_size", json!(900)),
            ("num_attention_heads", json!(7)),
        ] {
            let mut root = gemma();
            root["vision_config"][key] = value;
            assert!(read(&root).is_err(), "{key} must be refused, not ignored");
        }
    }
}
