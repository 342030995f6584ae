using UserTcp.Links;
using UserTcp.Primitives;

namespace UserTcp.Testing.Network;

/// <summary>Somebody who looks at the frames of one host, where its link begins.</summary>
internal interface IFrameTap
{
    void OnSent(ReadOnlySpan<byte> frame, Instant now);

    void OnReceived(ReadOnlySpan<byte> frame, Instant now);

    void Flush();
}

/// <summary>Writes them down, with times since midnight, 1 January 2000.</summary>
internal sealed class CaptureTap : IFrameTap
{
    private const uint Inbound = 1;
    private const uint Outbound = 2;
    private const long Epoch = 946_684_800L * 1_000_000_000;

    private readonly PcapngWriter _writer;

    public CaptureTap(Stream stream, string name)
    {
        _writer = new PcapngWriter(stream);
        _writer.WriteHead(LinkMedium.Ethernet, name, PcapngWriter.MaxCapturedBytes);
    }

    public void OnSent(ReadOnlySpan<byte> frame, Instant now) => Write(frame, now, Outbound);

    public void OnReceived(ReadOnlySpan<byte> frame, Instant now) => Write(frame, now, Inbound);

    public void Flush() => _writer.Flush();

    private void Write(ReadOnlySpan<byte> frame, Instant now, uint direction)
    {
        frame.CopyTo(_writer.BeginPacket(frame.Length));
        long stamp = Epoch + (now - SimulatedNetwork.Start).Ticks * TimeSpan.NanosecondsPerTick;
        _writer.EndPacket(frame.Length, frame.Length, stamp, direction);
    }
}
