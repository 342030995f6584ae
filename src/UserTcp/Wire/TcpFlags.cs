namespace UserTcp.Wire;

/// <summary>The control bits (RFC 9293 §3.1), ECN's two included (RFC 3168 §6.1).</summary>
[Flags]
internal enum TcpFlags : byte
{
    None = 0,
    Fin = 1 << 0,
    Syn = 1 << 1,
    Rst = 1 << 2,
    Psh = 1 << 3,
    Ack = 1 << 4,
    Urg = 1 << 5,
    Ece = 1 << 6,
    Cwr = 1 << 7,
}
