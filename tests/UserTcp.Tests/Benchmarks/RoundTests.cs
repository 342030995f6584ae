using UserTcp.NetworkBenchmarks.Measuring;

namespace UserTcp.Tests.Benchmarks;

public sealed class RoundTests
{
    [Theory]
    [InlineData(new double[] { 3, 1, 2 }, 2)]
    [InlineData(new double[] { 4, 1, 3, 2 }, 2.5)]
    [InlineData(new double[] { 7 }, 7)]
    public void A_median_is_the_middle_or_the_mean_of_the_two_in_the_middle(double[] figures, double median) =>
        Assert.Equal(median, figures.Median());

    [Theory]
    [InlineData(50, 2)]
    [InlineData(51, 3)]
    [InlineData(99, 4)]
    [InlineData(100, 4)]
    [InlineData(1, 1)]
    public void A_percentile_is_the_least_that_its_share_does_not_exceed(int percent, double expected) =>
        Assert.Equal(expected, new double[] { 1, 2, 3, 4 }.Percentile(percent));

    [Fact]
    public void The_99th_percentile_of_a_hundred_thousand_is_that_of_rank_99_000() =>
        Assert.Equal(99_000, Enumerable.Range(1, 100_000).Select(i => (double)i).ToArray().Percentile(99));

    [Fact]
    public void Each_round_begins_with_another_contender_and_gives_everybody_one_turn()
    {
        Assert.Equal([0, 1, 2], RoundOrder.Of(0, 3));
        Assert.Equal([1, 2, 0], RoundOrder.Of(1, 3));
        Assert.Equal([2, 0, 1], RoundOrder.Of(2, 3));
        Assert.Equal([0, 1, 2], RoundOrder.Of(3, 3));
        Assert.Empty(RoundOrder.Of(1, 0));
    }

    [Fact]
    public void A_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_the_medians()
    {
        RoundFigures kernel = Rounds(10, 20, 40);
        RoundFigures ours = Rounds(20, 10, 44);
        Assert.Equal(new Spread(1.1, 0.5, 2, 3), ours.RatioTo(kernel, 0, isMoreBetter: true));
    }

    [Fact]
    public void A_ratio_above_one_is_better_where_less_is_better_too() =>
        Assert.Equal(new Spread(2, 2, 2, 1), Rounds(5).RatioTo(Rounds(10), 0, isMoreBetter: false));

    [Fact]
    public void A_round_that_failed_has_no_ratio_and_moves_no_other()
    {
        var kernel = new RoundFigures();
        kernel.Add(0, [10]);
        kernel.Add(2, [30]);
        Assert.Equal(new Spread(2, 1, 3, 2), Rounds(10, 1000, 90).RatioTo(kernel, 0, isMoreBetter: true));
        Assert.Equal(new Spread(20, 10, 30, 2), kernel.Of(0));
    }

    [Fact]
    public void Figures_that_nobody_has_have_no_ratio()
    {
        Assert.Null(Rounds(1).RatioTo(new RoundFigures(), 0, isMoreBetter: true));
        Assert.Null(Rounds(1).RatioTo(Rounds(1), 1, isMoreBetter: true));
        Assert.Null(new RoundFigures().Of(0));
    }

    private static RoundFigures Rounds(params double[] figures)
    {
        var rounds = new RoundFigures();
        for (int i = 0; i < figures.Length; i++)
        {
            rounds.Add(i, [figures[i]]);
        }

        return rounds;
    }
}
