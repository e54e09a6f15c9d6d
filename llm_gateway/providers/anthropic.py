"""Anthropic's Messages API and OpenAI's chat completions, each in terms of the other.

To call Anthropic with a chat completions request: `to_messages`, then `from_message` or `ChatStream` for what
comes back. To serve Anthropic's clients from an OpenAI-compatible provider: `to_chat`, then `from_chat`,
`MessageStream` or `messages_error`.
"""

from llm_gateway.providers.anthropic_chat import to_chat
from llm_gateway.providers.anthropic_messages import default_max_tokens, to_messages
from llm_gateway.providers.anthropic_replies import from_chat, from_message, messages_error
from llm_gateway.providers.anthropic_streams import ChatStream, MessageStream

__all__ = [
    "ChatStream",
    "MessageStream",
    "default_max_tokens",
    "from_chat",
    "from_message",
    "messages_error",
    "to_chat",
    "to_messages",
]
