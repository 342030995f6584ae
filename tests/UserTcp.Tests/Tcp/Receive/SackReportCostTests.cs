using UserTcp.Buffers;
using UserTcp.Tcp.Receive;

namespace UserTcp.Tests.Tcp.Receive;

/// <summary>What a segment out of order costs its receiver, in ranges that are looked at one by one.</summary>
public sealed class SackReportCostTests
{
    private const int Bound = 16 * 20; // eight ranges remembered, each found by halves, for the report and for the ACK

    [Theory]
    [InlineData(10)]
    [InlineData(16_384)]
    public void Segment_among_thousands_of_holes_costs_what_one_among_ten_costs(int holes)
    {
        var ranges = new RangeSet(16_384);
        var report = new SackReport();
        for (int i = 0; i < holes - 1; i++)
        {
            Assert.True(ranges.Add(i * 20, i * 20 + 10, out _));
        }

        var random = new Random(holes);
        Span<BufferRange> blocks = new BufferRange[4];
        for (int i = 0; i < 2000; i++)
        {
            long before = ranges.Looks;
            long position = random.Next(holes - 1) * 20;
            report.OnDuplicate(new BufferRange(position, position + 5));
            report.OnStored(position, ref ranges);
            Assert.True(report.Take(blocks, ref ranges) >= 2);
            Assert.InRange(ranges.Looks - before, 1, Bound);
            foreach (BufferRange block in blocks[1..2])
            {
                Assert.Equal(new BufferRange(position, position + 10), block);
            }
        }
    }
}
