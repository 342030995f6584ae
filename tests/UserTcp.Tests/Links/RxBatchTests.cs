using FsCheck.Xunit;
using UserTcp.Links;

namespace UserTcp.Tests.Links;

/// <summary>Room for as many usual frames as it says, and for longer ones instead.</summary>
public sealed class RxBatchTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(100)]
    public void It_holds_its_capacity_of_usual_frames_and_the_last_may_be_the_longest(int capacity)
    {
        using var batch = new RxBatch(capacity);
        for (int i = 1; i < capacity; i++)
        {
            Assert.False(batch.IsFull);
            Assert.True(batch.Add(FrameList.Numbered(i, RxBatch.UsualFrameBytes)));
        }

        Assert.True(batch.Add(FrameList.Numbered(0, RxBatch.MaxFrameBytes)));
        Assert.True(batch.IsFull);
        Assert.Equal(capacity, batch.Count);
        Assert.False(batch.Add([1]));
        Assert.Equal(FrameList.Numbered(0, RxBatch.MaxFrameBytes), batch[capacity - 1].Bytes.ToArray());
        batch.Clear();
        Assert.False(batch.IsFull);
    }

    [Fact]
    public void Of_the_longest_frames_it_holds_fewer_and_says_when_it_is_full()
    {
        using var batch = new RxBatch();
        int count = 0;
        while (!batch.IsFull)
        {
            Assert.Equal(RxBatch.MaxFrameBytes, batch.Reserve().Length);
            Assert.True(batch.Add(FrameList.Numbered(count++, RxBatch.MaxFrameBytes)));
        }

        Assert.InRange(count, 4, 6);
        Assert.Throws<InvalidOperationException>(() => batch.Commit(1));
        Assert.Throws<InvalidOperationException>(() => { _ = batch.Reserve(); });
    }

    [Fact]
    public void A_frame_beyond_the_longest_is_refused()
    {
        using var batch = new RxBatch(1);
        Assert.Throws<ArgumentException>(() => batch.Add(new byte[RxBatch.MaxFrameBytes + 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Commit(RxBatch.MaxFrameBytes + 1));
        Assert.Equal(0, batch.Count);
    }

    /// <summary>Usual frames, long ones and empty ones in any order lie beside each other unharmed.</summary>
    [Property(MaxTest = 200)]
    public void Frames_of_any_lengths_keep_their_bytes(int seed)
    {
        var random = new Random(seed);
        using var batch = new RxBatch(1 + random.Next(40));
        var expected = new List<byte[]>();
        while (!batch.IsFull)
        {
            byte[] frame = FrameList.Numbered(random.Next(256), Length(random));
            Assert.True(batch.Add(frame, new FrameOffload { SegmentSize = (ushort)expected.Count }));
            expected.Add(frame);
        }

        Assert.Equal(expected.Count, batch.Count);
        for (int i = 0; i < batch.Count; i++)
        {
            Assert.True(batch[i].Bytes.SequenceEqual(expected[i]));
            Assert.Equal(i, batch[i].Offload.SegmentSize);
        }
    }

    private static int Length(Random random) => random.Next(4) switch
    {
        0 => random.Next(100),
        1 => random.Next(RxBatch.UsualFrameBytes + 1),
        2 => random.Next(180_000),
        _ => random.Next(RxBatch.MaxFrameBytes + 1),
    };
}
