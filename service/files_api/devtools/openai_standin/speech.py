"""Sound in the place of speech: one tone a word. PyAV is imported at the first, so that it starts at once."""

from __future__ import annotations

import array
import io
import math
import wave
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from av import AudioStream

#: What OpenAI's `pcm` is: 16-bit little-endian mono samples at this rate.
SAMPLES_PER_SECOND = 24_000
_SECONDS_PER_CHARACTER = 0.05
_MIN_SECONDS, _MAX_SECONDS = 0.4, 60.0
_AMPLITUDE = 9_000
#: How PyAV (that is, FFmpeg) calls the container, the codec, and the rate that Opus insists on.
_ENCODINGS = {
    "mp3": ("mp3", "libmp3lame", SAMPLES_PER_SECOND),
    "opus": ("ogg", "libopus", 48_000),
    "aac": ("adts", "aac", SAMPLES_PER_SECOND),
    "flac": ("flac", "flac", SAMPLES_PER_SECOND),
}
#: The Content-Type of OpenAI's answers.
CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


def seconds_of(text: str, speed: float) -> float:
    """Tell how long a text is spoken, in seconds."""
    return min(max(len(text) * _SECONDS_PER_CHARACTER, _MIN_SECONDS), _MAX_SECONDS) / speed


def speak(text: str, *, audio_format: str, speed: float) -> bytes:
    """Make a sound as long as the text.

    Args:
        text: What to say.
        audio_format: `mp3`, `opus`, `aac`, `flac`, `wav` or `pcm`.
        speed: A factor, 1 is normal.
    """
    pcm = _tones(text, seconds_of(text, speed))
    if audio_format == "pcm":
        return pcm
    if audio_format == "wav":
        return _wav(pcm)
    return _encode(pcm, audio_format)


def _tones(text: str, seconds: float) -> bytes:
    words = text.split() or [text]
    samples_left = int(seconds * SAMPLES_PER_SECOND)
    per_word = max(1, samples_left // len(words))
    samples = array.array("h")
    for word in words:
        # A whole number of samples a period, so that a tone is one period again and again.
        period = 40 + (sum(word.encode(errors="replace")) % 80)
        wave_form = array.array(
            "h", (int(_AMPLITUDE * math.sin(2 * math.pi * n / period)) for n in range(period))
        )
        samples += (wave_form * (per_word // period + 1))[:per_word]
    samples = samples[:samples_left]
    samples.extend([0] * (samples_left - len(samples)))
    return samples.tobytes()


def _wav(pcm: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLES_PER_SECOND)
        writer.writeframes(pcm)
    return out.getvalue()


def _encode(pcm: bytes, audio_format: str) -> bytes:
    import av  # noqa: PLC0415

    container_format, codec, rate = _ENCODINGS[audio_format]
    out = io.BytesIO()
    with av.open(out, "w", format=container_format) as container:
        stream = cast("AudioStream", container.add_stream(codec, rate=rate, layout="mono"))
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.sample_rate = SAMPLES_PER_SECOND
        frame.pts = 0
        frame.planes[0].update(pcm)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return out.getvalue()
