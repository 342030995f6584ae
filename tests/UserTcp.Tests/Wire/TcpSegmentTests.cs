using FsCheck;
using FsCheck.Xunit;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Wire;

public class TcpSegmentTests
{
    [Fact]
    public void Fields_are_read_where_the_wire_has_them()
    {
        byte[] bytes = Convert.FromHexString(
            "0050" + "C350" + "01020304" + "A1A2A3A4" + "6" + "0" + "39" + "1000" + "BEEF" + "0007"
            + "020405B4" + "CAFE");

        Assert.True(TcpSegment.TryParse(bytes, out TcpSegment segment));
        Assert.Equal(80, segment.SourcePort);
        Assert.Equal(50000, segment.DestinationPort);
        Assert.Equal(0x01020304u, segment.Seq.Value);
        Assert.Equal(0xa1a2a3a4u, segment.Ack.Value);
        Assert.Equal(TcpFlags.Fin | TcpFlags.Psh | TcpFlags.Ack | TcpFlags.Urg, segment.Flags);
        Assert.Equal(0x1000, segment.Window.Value);
        Assert.Equal(7, segment.UrgentPointer);
        Assert.Equal(1460, segment.Options.Mss);
        Assert.Equal([0xca, 0xfe], segment.Text.ToArray());
        Assert.Equal(3u, segment.Length);       // two octets and FIN
        Assert.Equal(0x01020307u, segment.End.Value);
        Assert.False(segment.HasBrokenOptions);
        Assert.Equal(0, segment.CoalescedSegmentSize);
    }

    [Fact, Rfc("9293 §3.1", "MUST-1")]
    public void The_window_is_an_unsigned_number()
    {
        byte[] bytes = Bare();
        bytes[14] = bytes[15] = 0xff;

        Assert.True(TcpSegment.TryParse(bytes, out TcpSegment segment));
        Assert.Equal(65535u, (segment.Window << WindowScale.None).Bytes);
    }

    [Fact]
    public void Every_data_offset_is_refused_that_is_below_five_words_or_beyond_the_segment()
    {
        for (int words = 0; words < 16; words++)
        {
            for (int length = 20; length <= 64; length++)
            {
                byte[] bytes = new byte[length];
                bytes[12] = (byte)(words << 4);
                Assert.Equal(words >= 5 && words * 4 <= length, TcpSegment.TryParse(bytes, out _));
            }
        }
    }

    [Fact]
    public void Every_runt_is_refused()
    {
        for (int length = 0; length < TcpSegment.HeaderSize; length++)
        {
            Assert.False(TcpSegment.TryParse(Bare().AsSpan(0, length), out _), $"{length} bytes");
        }
    }

    [Fact, Rfc("9293 §3.1", "MUST-5")]
    public void Options_are_read_in_segments_of_all_flags()
    {
        for (int flags = 0; flags < 256; flags++)
        {
            byte[] bytes = [.. Bare(), 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 0x55];
            bytes[12] = 8 << 4;
            bytes[13] = (byte)flags;

            Assert.True(TcpSegment.TryParse(bytes, out TcpSegment segment));
            Assert.Equal((TcpFlags)flags, segment.Flags);
            Assert.True(segment.Options.HasTimestamps);
            Assert.Equal(2u, segment.Options.TsEcr);
            Assert.Equal(1u + ((flags & 2) >> 1) + (flags & 1), segment.Length);
        }
    }

    [Fact]
    public void Reserved_bits_are_ignored()
    {
        byte[] bytes = Bare();
        bytes[12] |= 0x0f;

        Assert.True(TcpSegment.TryParse(bytes, out TcpSegment segment));
        Assert.Equal(TcpFlags.None, segment.Flags);
    }

    [Fact, Rfc("9293 §3.1", "MUST-7")]
    public void Broken_options_do_not_cost_the_segment()
    {
        byte[] bytes = [.. Bare(), 2, 4, 5, 0xb4, 8, 0, 1, 1, 0x55];
        bytes[12] = 7 << 4;

        Assert.True(TcpSegment.TryParse(bytes, out TcpSegment segment));
        Assert.True(segment.HasBrokenOptions);
        Assert.Equal(1460, segment.Options.Mss);
        Assert.Equal([0x55], segment.Text.ToArray());
    }

    [Property]
    public void What_is_written_is_read_back(
        ushort from, ushort to, DoNotSize<uint> seq, DoNotSize<uint> ack, byte flags, ushort window, ushort urgent,
        DoNotSize<uint> stamp, byte[] text)
    {
        var options = new TcpOptions { HasTimestamps = true, TsVal = stamp.Item, TsEcr = ~stamp.Item };
        byte[] bytes = InternetChecksumTests.Noise(32 + text.Length);

        int length = TcpSegmentWriter.WriteHeader(
            bytes, from, to, new SeqNumber(seq.Item), new SeqNumber(ack.Item), (TcpFlags)flags, new WireWindow(window),
            urgent, options);
        text.CopyTo(bytes, length);

        Assert.Equal(32, length);
        Assert.Equal([0, 0], bytes[16..18]);
        Assert.True(TcpSegment.TryParse(bytes, out TcpSegment read, coalescedSegmentSize: 1448));
        Assert.Equal((from, to), (read.SourcePort, read.DestinationPort));
        Assert.Equal((seq.Item, ack.Item), (read.Seq.Value, read.Ack.Value));
        Assert.Equal((flags, window, urgent), ((byte)read.Flags, read.Window.Value, read.UrgentPointer));
        Assert.Equal((stamp.Item, ~stamp.Item), (read.Options.TsVal, read.Options.TsEcr));
        Assert.Equal(text, read.Text.ToArray());
        Assert.Equal(1448, read.CoalescedSegmentSize);
    }

    [Property(MaxTest = 2000)]
    public void Random_bytes_never_throw(byte[] bytes, byte offset)
    {
        byte[] candidate = [.. Bare(), .. bytes];
        candidate[12] = offset;

        if (TcpSegment.TryParse(candidate, out TcpSegment segment))
            Assert.Equal(candidate.Length - (offset >> 4) * 4, segment.Text.Length);
        TcpSegment.TryParse(bytes, out _);
    }

    private static byte[] Bare()
    {
        byte[] bytes = new byte[TcpSegment.HeaderSize];
        bytes[12] = 5 << 4;
        return bytes;
    }
}
