//! What config.json would say, from the metadata of a GGUF file.

use serde_json::{Map, Value, json};

use super::{Architecture, header::Header, metadata::Metadata, rope, vocabulary::Vocabulary};

/// Token ids that config.json names, by the token's text.
const QWEN_IDS: [(&str, &str); 4] = [
    ("image_token_id", "<|image_pad|>"),
    ("video_token_id", "<|video_pad|>"),
    ("vision_start_token_id", "<|vision_start|>"),
    ("vision_end_token_id", "<|vision_end|>"),
];
const GEMMA_IDS: [(&str, &str); 3] = [
    ("boi_token_index", "<start_of_image>"),
    ("eoi_token_index", "<end_of_image>"),
    ("image_token_index", "<image_soft_token>"),
];

/// Metadata of one architecture, whose keys begin with its name.
struct Keys<'a> {
    metadata: &'a Metadata,
    architecture: Architecture,
}

impl Keys<'_> {
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture.name())
    }

    fn count(&self, key: &str, max: usize) -> Result<usize, String> {
        self.metadata.count(&self.key(key), max)
    }

    fn optional_count(&self, key: &str, max: usize) -> Result<Option<usize>, String> {
        self.metadata.optional_count(&self.key(key), max)
    }

    fn optional_number(&self, key: &str) -> Result<Option<f64>, String> {
        self.metadata.optional_number(&self.key(key))
    }
}

/// The configuration of a decoder, without its vision tower.
///
/// # Errors
/// The key that is missing or wrong.
pub(super) fn read(
    architecture: Architecture,
    header: &Header,
    vocabulary: &Vocabulary<'_>,
) -> Result<Value, String> {
    let keys = Keys { metadata: &header.metadata, architecture };
    let mut text = shape(&keys, header)?;
    let eos = vocabulary.ends();
    text.insert("eos_token_id".into(), if eos.is_empty() { Value::Null } else { json!(eos) });
    match architecture {
        Architecture::Qwen3 => {
            plain_rope(&keys, &mut text)?;
            Ok(named(architecture, "qwen3", text))
        }
        Architecture::Llama | Architecture::Apertus => {
            rope::llama3(header, &mut text)?;
            let act = if architecture == Architecture::Llama { "silu" } else { "xielu" };
            text.insert("hidden_act".into(), act.into());
            Ok(named(architecture, architecture.name(), text))
        }
        Architecture::Qwen3Vl => {
            let sections = header.metadata.numbers(&keys.key("rope.dimension_sections"))?;
            let sections: Vec<u64> = sections.iter().take(3).map(|s| *s as u64).collect();
            plain_rope(&keys, &mut text)?;
            text.insert(
                "rope_scaling".into(),
                json!({"rope_type": "default", "mrope_interleaved": true, "mrope_section": sections}),
            );
            text.insert("model_type".into(), "qwen3_vl_text".into());
            Ok(nested(architecture, "qwen3_vl", text, &QWEN_IDS, vocabulary))
        }
        Architecture::Gemma3 => {
            gemma3(&keys, &mut text)?;
            text.insert("model_type".into(), "gemma3_text".into());
            Ok(nested(architecture, "gemma3", text, &GEMMA_IDS, vocabulary))
        }
    }
}

/// Whether a model that is given images has the token that stands for them: converters left Gemma's away for a while.
///
/// # Errors
/// A sentence, if it has not.
pub(super) fn check_image_token(config: &Value) -> Result<(), String> {
    if config["image_token_id"].is_null() && config["image_token_index"].is_null() {
        return Err("its vocabulary has no token for images; take a file of a newer converter, or move the projector \
                    file away and judge text only"
            .into());
    }
    Ok(())
}

/// What all architectures have.
fn shape(keys: &Keys<'_>, header: &Header) -> Result<Map<String, Value>, String> {
    let heads = keys.count("attention.head_count", 1 << 12)?;
    let hidden = keys.count("embedding_length", 1 << 16)?;
    let head_dim = keys.optional_count("attention.key_length", 1 << 12)?;
    if let Some(values) = keys.optional_count("attention.value_length", 1 << 12)?
        && head_dim.is_some_and(|keys| keys != values)
    {
        return Err("keys and values of different sizes are not supported".into());
    }
    let head_dim = head_dim.unwrap_or(hidden / heads);
    if let Some(rotated) = keys.optional_count("rope.dimension_count", 1 << 12)?
        && rotated != head_dim
    {
        return Err("rotating a part of each head is not supported".into());
    }
    for unsupported in ["expert_count", "attn_logit_softcapping", "final_logit_softcapping"] {
        if keys.optional_number(unsupported)?.is_some_and(|n| n != 0.0) {
            return Err(format!("`{}` is not supported", keys.key(unsupported)));
        }
    }
    let tensor = |name: &str| header.tensors.iter().find(|tensor| tensor.name == name);
    let table = tensor("token_embd.weight").ok_or("it has no tensor token_embd.weight")?;
    let Value::Object(shape) = json!({
        "hidden_size": hidden,
        "intermediate_size": keys.count("feed_forward_length", 1 << 20)?,
        "num_hidden_layers": keys.count("block_count", 1 << 10)?,
        "num_attention_heads": heads,
        "num_key_value_heads": keys.optional_count("attention.head_count_kv", 1 << 12)?.unwrap_or(heads),
        "head_dim": head_dim,
        "max_position_embeddings": keys.count("context_length", 1 << 24)?,
        "rms_norm_eps": keys.metadata.number(&keys.key("attention.layer_norm_rms_epsilon"))?,
        "vocab_size": table.shape.first(),
        // A head of its own is written only where the checkpoint has one.
        "tie_word_embeddings": tensor("output.weight").is_none(),
    }) else {
        return Err("a shape is an object".into());
    };
    Ok(shape)
}

/// A base and no scaling.
fn plain_rope(keys: &Keys<'_>, text: &mut Map<String, Value>) -> Result<(), String> {
    let scaling = keys.metadata.text(&keys.key("rope.scaling.type")).unwrap_or("none");
    if scaling != "none" {
        return Err(format!("the rope scaling {scaling:?} is not supported"));
    }
    text.insert("rope_theta".into(), keys.metadata.number(&keys.key("rope.freq_base"))?.into());
    Ok(())
}

/// Gemma 3's two bases and its windows. What a GGUF file does not carry is what llama.cpp takes it to be.
fn gemma3(keys: &Keys<'_>, text: &mut Map<String, Value>) -> Result<(), String> {
    let layers = text["num_hidden_layers"].as_u64().unwrap_or_default() as usize;
    let window = keys.optional_count("attention.sliding_window", 1 << 24)?;
    let pattern = keys.key("attention.sliding_window_pattern");
    let sliding: Vec<bool> = match (window, keys.metadata.numbers(&pattern)) {
        (None, _) => vec![false; layers],
        (_, Ok(flags)) if flags.len() == layers => flags.iter().map(|flag| *flag != 0.0).collect(),
        // Every sixth layer sees everything.
        _ => {
            let each = keys.metadata.optional_count(&pattern, 1 << 10)?.unwrap_or(6);
            (1..=layers).map(|layer| layer % each != 0).collect()
        }
    };
    let types: Vec<&str> =
        sliding.iter().map(|s| if *s { "sliding_attention" } else { "full_attention" }).collect();
    let scaling = match keys.metadata.text(&keys.key("rope.scaling.type")) {
        None | Some("none") => json!({"rope_type": "default"}),
        Some("linear") => {
            json!({"rope_type": "linear", "factor": keys.metadata.number(&keys.key("rope.scaling.factor"))?})
        }
        Some(other) => return Err(format!("the rope scaling {other:?} is not supported")),
    };
    // The 27B model alone scales by what is left of a head; all others by the head's own size.
    let heads = text["num_attention_heads"].as_u64().unwrap_or(1).max(1);
    let scalar = if layers == 62 {
        json!(text["hidden_size"].as_u64().unwrap_or_default() / heads)
    } else {
        text["head_dim"].clone()
    };
    text.insert("rope_theta".into(), keys.metadata.number(&keys.key("rope.freq_base"))?.into());
    text.insert(
        "rope_local_base_freq".into(),
        keys.optional_number("rope.freq_base_swa")?.unwrap_or(1e4).into(),
    );
    text.insert("rope_scaling".into(), scaling);
    text.insert("sliding_window".into(), json!(window));
    text.insert("layer_types".into(), json!(types));
    text.insert("query_pre_attn_scalar".into(), scalar);
    text.insert("hidden_activation".into(), "gelu_pytorch_tanh".into());
    Ok(())
}

fn named(architecture: Architecture, model_type: &str, mut text: Map<String, Value>) -> Value {
    text.insert("architectures".into(), json!([architecture.class()]));
    text.insert("model_type".into(), model_type.into());
    Value::Object(text)
}

/// The decoder as a part of a model that may read images.
fn nested(
    architecture: Architecture,
    model_type: &str,
    text: Map<String, Value>,
    ids: &[(&str, &str)],
    vocabulary: &Vocabulary<'_>,
) -> Value {
    let mut root = Map::new();
    for key in ["eos_token_id", "tie_word_embeddings"] {
        root.insert(key.into(), text[key].clone());
    }
    for (key, token) in ids {
        if let Some(id) = vocabulary.id(token) {
            root.insert((*key).into(), id.into());
        }
    }
    root.insert("text_config".into(), Value::Object(text));
    named(architecture, model_type, root)
}
