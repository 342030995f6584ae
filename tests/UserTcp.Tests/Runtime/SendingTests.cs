using System.IO.Pipelines;
using UserTcp.Runtime;

namespace UserTcp.Tests.Runtime;

/// <summary>Who is woken by the thread pool leaves the sending to those who were woken with him.</summary>
public sealed class SendingTests : TurnBench
{
    private static readonly TimeSpan s_longestPutOff = TimeSpan.FromMilliseconds(1);
    private readonly List<int> _sent = [];

    public SendingTests()
        : base(isDriven: true)
    {
    }

    [Fact]
    public async Task Those_who_are_woken_together_answer_by_one_call()
    {
        Reading[] readings = WakeTogether(5);
        foreach (Reading reading in readings)
        {
            await AnswerAsync(reading);
        }

        Assert.Equal([5], _sent); // by the last one who is back: consuming alone is no return
        Driver!.Run();
        Assert.Equal([5], _sent);
    }

    [Fact]
    public async Task Behind_them_all_somebody_sends_for_those_who_do_not_come_back()
    {
        Reading[] readings = WakeTogether(3);
        await AnswerAsync(readings[0]);
        await AnswerAsync(readings[1]);
        Assert.Empty(_sent);
        Driver!.Run();
        Assert.Equal([2], _sent);
    }

    [Fact]
    public async Task Where_the_pool_has_no_thread_to_spare_the_loop_sends()
    {
        Reading[] readings = WakeTogether(2);
        Assert.NotEqual(s_longestPutOff, Client.UntilNextTurn);
        await AnswerAsync(readings[0]);
        Assert.Empty(_sent);
        Assert.Equal(s_longestPutOff, Client.UntilNextTurn);
        Time.Advance(s_longestPutOff / 2);
        await readings[0].Client.Writer.WriteAsync("!"u8.ToArray());
        Assert.Equal(s_longestPutOff / 2, Client.UntilNextTurn); // whoever comes again does not push it back
        Assert.Empty(_sent);
        Time.Advance(s_longestPutOff / 2);
        Assert.Equal(TimeSpan.Zero, Client.UntilNextTurn);
        Client.Turn();
        Assert.Equal([1], _sent);
    }

    [Fact]
    public async Task Whoever_speaks_without_being_asked_finds_nobody_to_leave_it_to()
    {
        Reading[] readings = WakeTogether(2);
        await AnswerAsync(readings[0]);
        await AnswerAsync(readings[1]);
        _sent.Clear();
        await readings[0].Client.Writer.WriteAsync("more"u8.ToArray());
        Assert.Equal([1], _sent);
    }

    [Fact]
    public async Task A_farewell_is_not_put_off()
    {
        Reading[] readings = WakeTogether(2);
        await AnswerAsync(readings[0]);
        Assert.Empty(_sent);
        readings[1].Client.Abort(null);
        Assert.Equal([2], _sent);
    }

    // One turn of the client's loop brings all of them something to read.
    private Reading[] WakeTogether(int count)
    {
        (RunningConnection Client, RunningConnection Server)[] pairs =
            [.. Enumerable.Range(0, count).Select(_ => (Connect(out RunningConnection server), server))];
        DrainTurns();
        Reading[] readings = [.. pairs.Select(pair => new Reading(pair.Client, pair.Client.Reader.ReadAsync()))];
        foreach ((_, RunningConnection server) in pairs)
        {
            server.Writer.Write("?"u8.ToArray());
        }

        Link.Transmitting = _sent.Add;
        Client.Turn();
        Driver!.Run();
        _sent.Clear();
        return readings;
    }

    private static async Task AnswerAsync(Reading reading)
    {
        ReadResult result = await reading.Read;
        reading.Client.Reader.AdvanceTo(result.Buffer.End);
        await reading.Client.Writer.WriteAsync("!"u8.ToArray());
    }

    private readonly record struct Reading(RunningConnection Client, ValueTask<ReadResult> Read);
}

/// <summary>On the loop's thread the sending is left to the loop.</summary>
public sealed class InlineSendingTests : TurnBench
{
    private readonly List<int> _sent = [];

    [Fact]
    public async Task Those_who_are_resumed_by_one_turn_answer_by_one_call_in_the_next()
    {
        (RunningConnection Client, RunningConnection Server)[] pairs =
        [
            .. Enumerable.Range(0, 3).Select(_ => (Connect(out RunningConnection server, Inline), server)),
        ];
        DrainTurns();
        Task[] answers = [.. pairs.Select(pair => AnswerAsync(pair.Client))];
        foreach ((_, RunningConnection server) in pairs)
        {
            server.Writer.Write("?"u8.ToArray());
        }

        Client.Turn();
        Assert.All(answers, answer => Assert.True(answer.IsCompletedSuccessfully));
        Link.Transmitting = _sent.Add;
        Assert.Equal(TimeSpan.Zero, Client.UntilNextTurn);
        Client.Turn();
        Assert.Equal([3], _sent);
        await Task.WhenAll(answers);
    }

    private static ConnectionSettings Inline =>
        new UserTcpConnectionOptions { ApplicationScheduler = PipeScheduler.Inline }.ToSettings();

    private static async Task AnswerAsync(RunningConnection connection)
    {
        ReadResult result = await connection.Reader.ReadAsync().ConfigureAwait(false);
        connection.Reader.AdvanceTo(result.Buffer.End);
        await connection.Writer.WriteAsync("!"u8.ToArray()).ConfigureAwait(false);
    }
}
