//! Writing an answer, token by token: greedy, so that the same question gets the same answer.

use saring_verdict::{Cancel, Ending, EngineError, GenerateRequest, Generated};

use crate::{
    asking::Asker,
    decoder::{Decoder, Row},
    layers::failure,
};

/// Lets a model answer a conversation, which is read `pass_tokens` tokens at a time. `on_text` gets the text in pieces that end between characters.
///
/// # Errors
/// `Inference` for a conversation that does not fit, and when the device refuses.
pub(crate) fn generate(
    asker: &Asker,
    decoder: &Decoder,
    pass_tokens: usize,
    request: &GenerateRequest,
    on_text: &mut dyn FnMut(&str),
    cancel: &Cancel,
) -> Result<Generated, EngineError> {
    let prompt = asker
        .converse(&request.messages)
        .map_err(|error| EngineError::Inference { reason: error.to_string() })?;
    let room = asker.context_tokens - prompt.len();
    let tokens_max = room.min(request.tokens_max as usize);
    let mut writing = Writing { asker, decoder, pass_tokens, tokens: Vec::new(), text: String::new() };
    let ending = match writing.run(&prompt, tokens_max, on_text, cancel) {
        Ok(ending) => ending,
        Err(_) if cancel.is_cancelled() => Ending::Cancelled,
        Err(error) => return Err(EngineError::Inference { reason: failure(&error) }),
    };
    Ok(Generated {
        text: writing.text,
        tokens_prompt: prompt.len() as u32,
        tokens_generated: writing.tokens.len() as u32,
        ending,
    })
}

struct Writing<'a> {
    asker: &'a Asker,
    decoder: &'a Decoder,
    pass_tokens: usize,
    tokens: Vec<u32>,
    text: String,
}

impl Writing<'_> {
    fn run(
        &mut self,
        prompt: &[u32],
        tokens_max: usize,
        on_text: &mut dyn FnMut(&str),
        cancel: &Cancel,
    ) -> candle_core::Result<Ending> {
        let mut cache = self.decoder.cache(1, None);
        let mut hidden = self.decoder.prefill(&[Row::text(prompt)], &mut cache, self.pass_tokens, cancel)?;
        while self.tokens.len() < tokens_max {
            if cancel.is_cancelled() {
                return Ok(Ending::Cancelled);
            }
            let next: u32 = self.decoder.logits(&hidden)?.argmax(1)?.to_vec1()?[0];
            if self.asker.end_tokens.contains(&next) {
                self.show(on_text, true);
                return Ok(Ending::Finished);
            }
            self.tokens.push(next);
            self.show(on_text, false);
            hidden = self.decoder.step(&[&[next]], &mut cache)?;
        }
        self.show(on_text, true);
        Ok(Ending::Length)
    }

    /// Hands on what is new. A character that is not whole yet waits for its other tokens, unless there are none to come.
    fn show(&mut self, on_text: &mut dyn FnMut(&str), is_last: bool) {
        let text = self.asker.tokenizer().decode(&self.tokens);
        let whole = if is_last { text.as_str() } else { text.trim_end_matches('\u{FFFD}') };
        if let Some(new) = whole.strip_prefix(self.text.as_str()).filter(|new| !new.is_empty()) {
            on_text(new);
            self.text = whole.to_owned();
        }
    }
}
