using System.Buffers;
using Microsoft.Extensions.Logging;

namespace UserTcp.AspNetCore;

/// <summary>Objects that all connections of a transport share.</summary>
/// <param name="MemoryPool">Where TLS and HTTP/2 take their memory from.</param>
/// <param name="Logger">Told of ends.</param>
/// <param name="AllowHalfOpen">Whether the peer's FIN alone leaves the connection open.</param>
/// <param name="Time">The clock of what takes long.</param>
internal sealed record ConnectionSurroundings(
    MemoryPool<byte> MemoryPool, ILogger Logger, bool AllowHalfOpen, TimeProvider Time);
