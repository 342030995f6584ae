using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>Segments as they pass in a transfer, ready to be parsed and written.</summary>
internal sealed class SegmentSample
{
    public static readonly HostAddress Source = HostAddress.FromV4(0xC000_0201);
    public static readonly HostAddress Destination = HostAddress.FromV4(0xC000_0202);

    private readonly byte[] _bytes = new byte[TcpSegment.MaxHeaderSize + ushort.MaxValue];
    private readonly TcpOptions _options;
    private readonly byte[] _text;
    private readonly int _length;

    /// <summary>Makes a segment with timestamps.</summary>
    /// <param name="textBytes">How much text it carries.</param>
    /// <param name="sackBlocks">How many SACK blocks, from 0 to 3.</param>
    public SegmentSample(int textBytes, int sackBlocks)
    {
        _text = new byte[textBytes];
        new Span<byte>(_text).Fill(0x5A);
        _options = new TcpOptions { HasTimestamps = true, TsVal = 123_456, TsEcr = 98_765, SackCount = sackBlocks };
        for (int i = 0; i < sackBlocks; i++)
        {
            SeqNumber left = new(10_000u * (uint)(i + 1));
            SackBlock.TryCreate(left, left + 1448, out _options.Sack[i]);
        }

        _length = Write();
    }

    /// <summary>Header, options, text and checksum into the same memory again.</summary>
    /// <returns>The segment's length in bytes.</returns>
    public int Write()
    {
        int header = TcpSegmentWriter.WriteHeader(
            _bytes, 49152, 80, new SeqNumber(1), new SeqNumber(2), TcpFlags.Ack | TcpFlags.Psh, new WireWindow(512), 0,
            _options);
        TcpSegmentWriter.WriteChecksum(_bytes.AsSpan(0, header), Source, Destination, _text);
        _text.CopyTo(_bytes.AsSpan(header));
        return header + _text.Length;
    }

    /// <summary>Checksum and structure, as a received segment is looked at.</summary>
    /// <returns>The octets of text, and the SACK blocks, so that nothing can be left out.</returns>
    public int Parse()
    {
        ReadOnlySpan<byte> bytes = _bytes.AsSpan(0, _length);
        if (!InternetChecksum.IsTransportValid(Source, Destination, IpProtocol.Tcp, bytes)
            || !TcpSegment.TryParse(bytes, out TcpSegment segment))
        {
            throw new InvalidOperationException("The sample is no valid segment.");
        }

        return segment.Text.Length + segment.Options.SackCount;
    }
}
