using UserTcp.Links;

namespace UserTcp.Tests.Links;

public sealed class TxFrameTests
{
    [Fact]
    public void A_frame_of_its_own_is_a_copy_and_lives_as_long_as_it_is_held()
    {
        byte[] bytes = FrameList.Numbered(7, 1514);
        byte[] expected = [.. bytes];
        var offload = new FrameOffload { Flags = FrameOffloadFlags.NeedsChecksum, ChecksumStart = 34 };
        var frame = TxFrame.Create(bytes, offload);
        bytes.AsSpan().Clear();
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            TxFrame.Create(new byte[1514]);
        }

        Assert.Equal(expected, frame.Header.ToArray());
        Assert.Equal((1514, 0, 0), (frame.Length, frame.Payload1.Length, frame.Payload2.Length));
        Assert.Equal(offload, frame.Offload);
        byte[] copy = new byte[1514];
        Assert.Equal(1514, frame.CopyTo(copy));
        Assert.Equal(expected, copy);
    }

    [Fact]
    public void A_frame_of_its_own_has_the_room_before_it_that_devices_write_to()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        using (a)
        using (b)
        {
            var device = new HeadroomWriter(a);
            var frame = TxFrame.Create(FrameList.Numbered(1, 60));
            Assert.Equal(1, device.Transmit([frame]));
            Assert.Equal(FrameList.Numbered(1, 60), frame.Header.ToArray());

            using var batch = new RxBatch();
            Assert.Equal(1, b.Receive(batch));
            Assert.Equal(FrameList.Numbered(1, 60), batch[0].Bytes.ToArray());
        }
    }

    [Fact]
    public void An_empty_frame_is_empty() => Assert.Equal(0, TxFrame.Create([]).Length);

    /// <summary>Writes to the bytes before the header, as the devices of the system do.</summary>
    private sealed unsafe class HeadroomWriter(LinkDevice inner)
    {
        public int Transmit(ReadOnlySpan<TxFrame> frames)
        {
            foreach (TxFrame frame in frames)
            {
                fixed (byte* header = frame.Header)
                    new Span<byte>(header - TxFrame.Headroom, TxFrame.Headroom).Fill(0xff);
            }

            return inner.Transmit(frames);
        }
    }
}
