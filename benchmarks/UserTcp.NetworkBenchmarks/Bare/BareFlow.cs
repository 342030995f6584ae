namespace UserTcp.NetworkBenchmarks.Bare;

/// <summary>The numbers of a TCP connection that loses nothing.</summary>
internal sealed class BareFlow(ushort port, ushort remotePort)
{
    private uint _acknowledged;
    private int _window;
    private int _shift;

    public ushort Port => port;

    public ushort RemotePort => remotePort;

    public bool IsOpen { get; private set; }

    /// <summary>The next number to send.</summary>
    public uint Next { get; set; } = 1;

    /// <summary>The next number to receive.</summary>
    public uint Expected { get; private set; }

    /// <summary>Text has come since the last ACK.</summary>
    public bool OwesAck { get; set; }

    /// <summary>Text that the peer has acknowledged.</summary>
    public long AcknowledgedBytes { get; private set; }

    /// <summary>Text that has come in order.</summary>
    public long ReceivedBytes { get; private set; }

    public bool HasNothingInFlight => Next == _acknowledged;

    /// <summary>The bytes that the peer's window has room for, with at most so many on their way.</summary>
    public int RoomOf(int mostInFlight) => Math.Min(_window, mostInFlight) - (int)(Next - _acknowledged);

    /// <summary>The peer has answered the SYN.</summary>
    public void Open(in BareSegment answer, int shift)
    {
        IsOpen = true;
        _shift = shift;
        _window = answer.Window; // that of a SYN is not scaled
        _acknowledged = answer.Ack;
        Next = answer.Ack;
        Expected = answer.Seq + 1;
        OwesAck = true;
    }

    public void OnAck(in BareSegment segment)
    {
        int newly = (int)(segment.Ack - _acknowledged);
        if (newly < 0)
            return;

        AcknowledgedBytes += newly;
        _acknowledged = segment.Ack;
        _window = segment.Window << _shift;
    }

    /// <summary>Takes text in order; the peer sends the other text again.</summary>
    /// <returns>Whether the text was the next.</returns>
    public bool OnText(in BareSegment segment)
    {
        OwesAck = true;
        if (segment.Seq != Expected)
            return false;

        Expected += (uint)segment.Text.Length;
        ReceivedBytes += segment.Text.Length;
        return true;
    }
}

/// <summary>The fields of a received segment, and its text where the link put it.</summary>
internal readonly ref struct BareSegment
{
    public uint Seq { get; init; }

    public uint Ack { get; init; }

    public byte Flags { get; init; }

    public ushort Window { get; init; }

    public ReadOnlySpan<byte> Options { get; init; }

    public ReadOnlySpan<byte> Text { get; init; }
}
