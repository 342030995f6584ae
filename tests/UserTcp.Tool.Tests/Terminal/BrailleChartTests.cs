using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Tests.Terminal;

public sealed class BrailleChartTests
{
    [Fact]
    public void A_rising_line_goes_from_below_to_above() =>
        Assert.Equal(["\u2800⡜", "⡸\u2800"], BrailleChart.Draw([0, 3, 5, 7], 2, 2));

    [Fact]
    public void A_constant_is_a_line_at_the_top_and_nothing_is_a_line_at_the_bottom()
    {
        Assert.Equal(["⠉⠉"], BrailleChart.Draw([5], 2, 1));
        Assert.Equal(["⣀⣀"], BrailleChart.Draw([0, 0], 2, 1));
        Assert.Equal(["\u2800\u2800"], BrailleChart.Draw([], 2, 1));
    }

    [Fact]
    public void More_values_than_dots_are_averaged() =>
        Assert.Equal(BrailleChart.Draw([2, 6], 1, 2), BrailleChart.Draw([1, 3, 5, 7], 1, 2));
}
