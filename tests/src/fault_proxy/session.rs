use std::{collections::HashMap, sync::Arc};

use anyhow::{Context, ensure};

use crate::fault_proxy::message::{Message, MessageKind};

/// Far above what any statement of ours carries; a longer one is not this protocol.
const MESSAGE_BYTES_MAX: usize = 64 << 20;
const LENGTH_BYTES: usize = 4;
const SSL_REQUEST: u32 = 80_877_103;
const GSS_ENCRYPTION_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// What one connection has said so far.
#[derive(Debug, Default)]
pub(super) struct Session {
    unread: Vec<u8>,
    is_started: bool,
    application_name: Arc<str>,
    /// Text by statement name.
    prepared: HashMap<Vec<u8>, Arc<str>>,
    sql: Arc<str>,
    bound: Arc<[u8]>,
    /// A Bind was sent since the last Sync.
    executes: bool,
}

/// The next thing a client said, with its bytes as they came.
#[derive(Debug)]
pub(super) enum Said {
    /// It asks for encryption, which is declined without asking the server.
    AsksForEncryption,
    /// Start-up or a cancel request: passed on, never counted.
    Opening(Vec<u8>),
    Message(Vec<u8>, Message),
}

impl Session {
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next thing said in full; `None` until more is heard.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Said>> {
        if self.is_started { self.next_message() } else { self.next_opening() }
    }

    fn next_opening(&mut self) -> anyhow::Result<Option<Said>> {
        let Some(bytes) = self.take(0)? else { return Ok(None) };
        let (code, parameters) = number(bytes.get(LENGTH_BYTES..).unwrap_or_default())
            .context("a start-up message without a protocol number")?;
        match code {
            SSL_REQUEST | GSS_ENCRYPTION_REQUEST => return Ok(Some(Said::AsksForEncryption)),
            CANCEL_REQUEST => {}
            _version => {
                self.is_started = true;
                self.application_name = parameter(parameters, b"application_name").into();
            }
        }
        Ok(Some(Said::Opening(bytes)))
    }

    fn next_message(&mut self) -> anyhow::Result<Option<Said>> {
        let Some(bytes) = self.take(1)? else { return Ok(None) };
        let (tag, rest) = bytes.split_first().context("a message without a tag")?;
        let kind = MessageKind::of(*tag);
        let message = self.understand(kind, rest.get(LENGTH_BYTES..).unwrap_or_default());
        Ok(Some(Said::Message(bytes, message)))
    }

    fn understand(&mut self, kind: MessageKind, body: &[u8]) -> Message {
        match kind {
            MessageKind::Query => {
                self.sql = lossy(text(body).0);
                self.bound = Arc::default();
            }
            MessageKind::Parse => {
                let (name, rest) = text(body);
                self.sql = lossy(text(rest).0);
                self.bound = Arc::default();
                self.prepared.insert(name.to_owned(), Arc::clone(&self.sql));
            }
            MessageKind::Bind => {
                let (_portal, rest) = text(body);
                self.sql = self.prepared.get(text(rest).0).cloned().unwrap_or_default();
                self.bound = body.into();
                self.executes = true;
            }
            MessageKind::Describe
            | MessageKind::Execute
            | MessageKind::Sync
            | MessageKind::Close
            | MessageKind::Terminate
            | MessageKind::Other => {}
        }
        let is_part = matches!(kind, MessageKind::Bind | MessageKind::Execute | MessageKind::Sync);
        let message = Message {
            kind,
            sql: Arc::clone(&self.sql),
            bound: Arc::clone(&self.bound),
            application_name: Arc::clone(&self.application_name),
            executes: kind == MessageKind::Query || is_part && self.executes,
        };
        if kind == MessageKind::Sync {
            self.executes = false;
        }
        message
    }

    /// Takes one message off what was heard: a length that counts itself, after a tag of so many bytes.
    fn take(&mut self, tag_bytes: usize) -> anyhow::Result<Option<Vec<u8>>> {
        let Some((length, _)) = self.unread.get(tag_bytes..).and_then(number) else { return Ok(None) };
        let length = usize::try_from(length)?;
        ensure!((LENGTH_BYTES..=MESSAGE_BYTES_MAX).contains(&length), "a message of {length} bytes");
        let length = tag_bytes + length;
        if self.unread.len() < length {
            return Ok(None);
        }
        let rest = self.unread.split_off(length);
        Ok(Some(std::mem::replace(&mut self.unread, rest)))
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

/// What stands before the next zero byte, and what follows it.
fn text(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, rest) = bytes.split_at(end);
    (text, rest.get(1..).unwrap_or_default())
}

/// The value of one start-up parameter; empty where it is not among them.
fn parameter(mut parameters: &[u8], wanted: &[u8]) -> String {
    while !parameters.is_empty() {
        let (name, rest) = text(parameters);
        let (value, rest) = text(rest);
        if name == wanted {
            return String::from_utf8_lossy(value).into_owned();
        }
        parameters = rest;
    }
    String::new()
}

fn lossy(text: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(text).into()
}
