using UserTcp.NetworkBenchmarks.Measuring;

namespace UserTcp.Tests.Benchmarks;

public sealed class OpenLoopTests
{
    private readonly OpenLoop _loop = new(rate: 100, requests: 5, connections: 2);

    [Fact]
    public void Requests_are_due_at_the_rate_and_connections_take_turns()
    {
        Assert.Equal(0, _loop.DueOf(0));
        Assert.Equal(0.01, _loop.DueOf(1));
        Assert.Equal(0, _loop.NextDue);
        Exchange(0, sent: 0, answered: 0.001);
        Assert.Equal(0.02, _loop.DueOf(0));
        Assert.Equal(0.01, _loop.NextDue);
    }

    [Fact]
    public void A_connection_that_waits_has_nothing_due()
    {
        _loop.OnSent(0);
        Assert.Equal(double.PositiveInfinity, _loop.DueOf(0));
        _loop.OnSent(1);
        Assert.Equal(double.PositiveInfinity, _loop.NextDue);
    }

    [Fact]
    public void The_time_of_a_request_counts_from_when_it_was_due()
    {
        Exchange(0, sent: 0.5, answered: 0.6);
        Assert.Equal([0.6], _loop.Times);
    }

    [Fact]
    public void A_server_that_stands_still_delays_all_that_were_due_meanwhile()
    {
        Exchange(0, sent: 0, answered: 1);
        Assert.Equal(0.02, _loop.DueOf(0)); // long ago: it is sent at once
        Exchange(0, sent: 1, answered: 1.001);
        Exchange(0, sent: 1.001, answered: 1.002);
        Assert.Equal([1, 0.981, 0.962], _loop.Times.Select(time => Math.Round(time, 6)));
    }

    [Fact]
    public void It_is_over_when_all_requests_are_answered()
    {
        for (int i = 0; i < 5; i++)
        {
            Assert.False(_loop.IsOver);
            Exchange(i % 2, sent: i, answered: i);
        }

        Assert.True(_loop.IsOver);
        Assert.Equal(double.PositiveInfinity, _loop.NextDue);
        Assert.Equal(5, _loop.Times.Count());
    }

    private void Exchange(int connection, double sent, double answered)
    {
        Assert.True(_loop.DueOf(connection) <= sent);
        _loop.OnSent(connection);
        _loop.OnAnswer(connection, answered);
    }
}
