using UserTcp.Tcp.Congestion;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Congestion;

/// <summary>How far marks reduce the window, where losses stop at two segments.</summary>
public sealed class MarksTests
{
    private const int Segment = 1000;

    public static TheoryData<ICongestionController> Controllers() =>
        [new NewReno(Segment, 10 * Segment), CongestionPath.NewCubic(10 * Segment)];

    [Theory, MemberData(nameof(Controllers))]
    [Rfc("9438 §4.6", "R9438-14")]
    public void Marks_that_go_on_leave_one_segment(ICongestionController control)
    {
        var path = new CongestionPath(control, TimeSpan.FromMilliseconds(100));
        for (int i = 0; i < 12; i++)
        {
            path.IsMarked();
            Assert.True(control.SlowStartThreshold >= 2 * Segment);
        }

        Assert.Equal(Segment, control.CongestionWindow);
    }

    [Theory, MemberData(nameof(Controllers))]
    [Rfc("9438 §4.6", "R9438-4"), Rfc("5681 §3.1", "R5681-8")]
    public void Losses_that_go_on_leave_two(ICongestionController control)
    {
        var path = new CongestionPath(control, TimeSpan.FromMilliseconds(100));
        for (int i = 0; i < 12; i++)
        {
            path.Loses();
        }

        Assert.Equal((2 * Segment, 2 * Segment), (control.CongestionWindow, control.SlowStartThreshold));
    }
}
