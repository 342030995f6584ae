using UserTcp.Buffers;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Testing.Network;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>What a file descriptor stands for.</summary>
internal sealed class VirtualSocket(TcpConfig config, long sendBuffer)
{
    private bool _isErrorTold;

    /// <summary>The settings that its connection will have.</summary>
    public TcpConfig Config { get; set; } = config;

    public long SendBuffer { get; set; } = sendBuffer;

    public int ReceiveBuffer { get; set; } = config.ReceiveBufferBytes;

    /// <summary>So much may wait that has not left for the first time, before the socket is writable again.</summary>
    public long NotSentLowWater { get; set; } = long.MaxValue;

    /// <summary>
    /// As Linux has it: a third of the buffer must be free, or, if there is a mark, what has not left must be below it;
    /// to wake somebody, below half of it.
    /// </summary>
    public bool IsWritable(long notSent, bool isWake)
    {
        long used = Connection!.Send.Unacknowledged;
        return NotSentLowWater == long.MaxValue
            ? SendBuffer - used >= Math.Max(1, used / 2)
            : (isWake ? 2 : 1) * notSent < NotSentLowWater;
    }

    /// <summary>Whether what is read comes with how much is left.</summary>
    public bool TellsRest { get; set; }

    public bool IsNonBlocking { get; set; }

    public ushort LocalPort { get; set; }

    public GroupListener? Listener { get; set; }

    public StackConnection? Connection { get; set; }

    /// <summary>What happened to the connection so far.</summary>
    public Effects Seen { get; set; }

    /// <summary>Null: closes in the background.</summary>
    public int? LingerSeconds { get; set; }

    public bool IsWriteShut { get; set; }

    public bool IsReadShut { get; set; }

    public bool IsConnecting { get; set; }

    public bool IsConnected => Connection is not null && (Seen & Effects.Connected) != 0;

    public bool IsOver => (Seen & (Effects.Closed | Effects.TimeWait)) != 0;

    /// <summary>The error that waits to be told; null if there is none, or it was told.</summary>
    public string? PendingError => _isErrorTold || !IsOver ? null : ErrorOf(Connection!.Tcb.CloseReason);

    public string? TakeError()
    {
        string? error = PendingError;
        _isErrorTold |= error is not null;
        return error;
    }

    /// <summary>Writes zeros, as many as there is room for.</summary>
    public long Write(long count)
    {
        SendQueue queue = Connection!.Send;
        long room = Math.Max(0, SendBuffer - queue.Unacknowledged);
        long written = 0;
        while (written < Math.Min(count, room))
        {
            Span<byte> memory = queue.GetMemory(1).Span;
            int piece = (int)Math.Min(memory.Length, Math.Min(count, room) - written);
            memory[..piece].Clear();
            queue.Advance(piece);
            written += piece;
        }

        queue.Publish();
        return written;
    }

    /// <summary>Reads, or looks; −1 if there is nothing and more may come.</summary>
    public long Read(long count, bool isPeek)
    {
        ReceiveQueue queue = Connection!.Receive;
        long available = queue.Unconsumed;
        if (available == 0)
            return queue.IsFinished || IsReadShut ? 0 : -1;

        long taken = Math.Min(count, available);
        if (!isPeek)
        {
            long position = queue.Consumed + taken;
            queue.Read();
            queue.AdvanceTo(position, position);
        }

        return taken;
    }

    private static string? ErrorOf(UserTcpCloseReason reason) => reason switch
    {
        UserTcpCloseReason.ResetByPeer => "ECONNRESET",
        UserTcpCloseReason.Refused => "ECONNREFUSED",
        UserTcpCloseReason.TimedOut or UserTcpCloseReason.KeepAliveTimedOut => "ETIMEDOUT",
        UserTcpCloseReason.HostUnreachable => "EHOSTUNREACH",
        UserTcpCloseReason.NetworkUnreachable => "ENETUNREACH",
        UserTcpCloseReason.ProtocolUnreachable => "ECONNREFUSED",
        UserTcpCloseReason.ResetByLocal => "ECONNABORTED",
        _ => null,
    };
}
