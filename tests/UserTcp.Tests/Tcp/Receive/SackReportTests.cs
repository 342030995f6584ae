using UserTcp.Buffers;
using UserTcp.Tcp.Receive;

namespace UserTcp.Tests.Tcp.Receive;

/// <summary>Which ranges an ACK reports, and in which order.</summary>
public sealed class SackReportTests
{
    [Fact]
    public void Ranges_that_were_stored_longer_ago_take_the_place_of_those_that_were_filled()
    {
        var ranges = new RangeSet(16);
        var report = new SackReport();
        for (int position = 800; position >= 100; position -= 100)
        {
            Assert.True(ranges.Add(position, position + 50, out _));
            report.OnStored(position, ref ranges);
        }

        ranges.RemoveBelow(500); // the newest four are in order now
        var blocks = new BufferRange[4];
        Assert.Equal(4, report.Take(blocks, ref ranges));
        Assert.Equal([new(500, 550), new(600, 650), new(700, 750), new(800, 850)], blocks);
    }
}
