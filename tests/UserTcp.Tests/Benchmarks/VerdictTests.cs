using UserTcp.NetworkBenchmarks.Measuring;

namespace UserTcp.Tests.Benchmarks;

public sealed class VerdictTests
{
    [Theory]
    [InlineData(1.59, Verdict.Missed)]
    [InlineData(1.6, Verdict.Passed)]
    [InlineData(1.99, Verdict.Passed)]
    [InlineData(2.0, Verdict.AimReached)]
    internal void A_row_passes_if_its_median_does(double median, Verdict expected)
    {
        var target = new Target("1.5", 1.6, 2.0);
        Assert.Equal(expected, Verdicts.Of(target, new Spread(median, 0.1, 9, 5), isMoreBetter: true));
    }

    [Theory]
    [InlineData(251, Verdict.Missed)]
    [InlineData(250, Verdict.Passed)]
    [InlineData(200, Verdict.AimReached)]
    internal void A_figure_of_which_less_is_better_passes_from_above(double median, Verdict expected)
    {
        var target = new Target("341", 250, 200, Basis.Figure);
        Assert.Equal(expected, Verdicts.Of(target, new Spread(median, 1, 999, 5), isMoreBetter: false));
    }

    [Theory]
    [InlineData(Basis.Kernel)]
    [InlineData(Basis.Ceiling)]
    internal void More_of_a_ratio_is_better_whatever_the_unit(Basis basis)
    {
        var target = new Target(null, 1.0, 2.0, basis);
        Assert.Equal(Verdict.Missed, Verdicts.Of(target, new Spread(0.9, 0.9, 0.9, 5), isMoreBetter: false));
        Assert.Equal(Verdict.AimReached, Verdicts.Of(target, new Spread(2.1, 2.1, 2.1, 5), isMoreBetter: false));
    }

    [Fact]
    public void Without_a_target_or_its_basis_there_is_no_verdict()
    {
        Assert.Equal(Verdict.None, Verdicts.Of(null, new Spread(1, 1, 1, 5), isMoreBetter: true));
        Assert.Equal(Verdict.None, Verdicts.Of(new Target("1", 1, 1), null, isMoreBetter: true));
    }

    [Theory]
    [InlineData(0.90, 0.97, true)]
    [InlineData(0.90, 0.969, false)]
    [InlineData(0.99, 1.10, true)]
    public void A_row_is_not_worse_if_its_interval_reaches_up_to_0_97(double least, double greatest, bool expected) =>
        Assert.Equal(expected, Verdicts.IsNotWorse(new Spread((least + greatest) / 2, least, greatest, 5)));

    [Fact]
    public void Nothing_is_known_without_the_build_of_before() => Assert.Null(Verdicts.IsNotWorse(null));
}
