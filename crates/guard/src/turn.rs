//! What a chat template is given: turns, and how it is asked to frame them.

use saring_verdict::{Message, Role};

/// One turn of a conversation, images first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Who speaks.
    pub role: Role,
    /// How many images stand before the text.
    pub images: usize,
    /// The text. Data, never markup.
    pub content: String,
}

impl Turn {
    /// A turn without images.
    pub fn text(role: Role, content: impl Into<String>) -> Self {
        Self { role, images: 0, content: content.into() }
    }

    /// The same turn with another text.
    pub fn with_content(&self, content: String) -> Self {
        Self { content, ..self.clone() }
    }
}

impl From<&Message> for Turn {
    fn from(message: &Message) -> Self {
        Self::text(message.role, message.content.as_str())
    }
}

/// How a template is asked to frame a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Framing {
    /// `add_generation_prompt`: whether the answer's turn is opened.
    pub generation_prompt: bool,
    /// `enable_thinking`, where the template is to be told.
    pub thinking: Option<bool>,
}

/// How a checkpoint writes an image into a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageMarkup {
    /// What the template writes for an image.
    pub placeholder: &'static str,
    /// What stands before the image's tokens instead of the placeholder.
    pub before: &'static str,
    /// The token that stands once for each of the image's embeddings.
    pub soft: &'static str,
    /// What stands behind them.
    pub after: &'static str,
}

impl ImageMarkup {
    /// Qwen3-VL (`processing_qwen3_vl.py` of transformers): the pad token is repeated where the template wrote it.
    pub const QWEN3_VL: Self =
        Self { placeholder: "<|image_pad|>", before: "", soft: "<|image_pad|>", after: "" };

    /// Gemma 3 (`processing_gemma3.py` of transformers): blank lines around, and an end.
    pub const GEMMA3: Self = Self {
        placeholder: "<start_of_image>",
        before: "\n\n<start_of_image>",
        soft: "<image_soft_token>",
        after: "<end_of_image>\n\n",
    };

    /// `rendered` with the images' tokens in place of the placeholders; `None` if there are not as many placeholders as
    /// images.
    pub fn expand(&self, rendered: &str, tokens: &[usize]) -> Option<String> {
        let parts: Vec<&str> = rendered.split(self.placeholder).collect();
        if parts.len() != tokens.len() + 1 {
            return None;
        }
        let mut text = String::new();
        for (i, part) in parts.iter().enumerate() {
            text.push_str(part);
            if let Some(tokens) = tokens.get(i) {
                text.push_str(self.before);
                text.push_str(&self.soft.repeat(*tokens));
                text.push_str(self.after);
            }
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_placeholder_becomes_its_own_images_tokens() {
        let rendered = "a<|image_pad|>b<|image_pad|>c";
        let expanded = ImageMarkup::QWEN3_VL.expand(rendered, &[2, 1]).unwrap();
        assert_eq!(expanded, "a<|image_pad|><|image_pad|>b<|image_pad|>c");
        assert_eq!(ImageMarkup::QWEN3_VL.expand(rendered, &[2]), None, "an image would be lost");
        let gemma = ImageMarkup::GEMMA3.expand("u\n<start_of_image>x", &[2]).unwrap();
        assert_eq!(gemma, "u\n\n\n<start_of_image><image_soft_token><image_soft_token><end_of_image>\n\nx");
    }
}
