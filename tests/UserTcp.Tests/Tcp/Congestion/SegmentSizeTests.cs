using UserTcp.Tcp.Congestion;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Congestion;

/// <summary>What becomes of the window when the path's MTU changes (RFC 4821 §4).</summary>
public sealed class SegmentSizeTests
{
    private const int Segment = 1000;

    public static TheoryData<ICongestionController> Controllers() =>
        [new NewReno(Segment, 10 * Segment), CongestionPath.NewCubic(10 * Segment)];

    [Theory, MemberData(nameof(Controllers))]
    [Rfc("4821 §4", "R4821-4")]
    public void Larger_segments_leave_the_window_in_octets(ICongestionController control)
    {
        control.OnSegmentSize(1460);
        Assert.Equal(10 * Segment, control.CongestionWindow);
    }

    [Theory, MemberData(nameof(Controllers))]
    [Rfc("4821 §4", "R4821-5"), Rfc("5681 §3.1", "R5681-4")]
    public void Smaller_segments_leave_the_window_in_segments(ICongestionController control)
    {
        control.OnSegmentSize(500);
        Assert.Equal(10 * 500, control.CongestionWindow);
    }
}
