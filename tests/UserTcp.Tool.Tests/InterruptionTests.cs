using Microsoft.Extensions.Time.Testing;

namespace UserTcp.Tool.Tests;

public sealed class InterruptionTests
{
    private readonly List<string> _events = [];
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task The_first_signal_asks_and_the_second_one_does_not()
    {
        using Interruption interruption = Make();
        var asked = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = interruption.Token.Register(asked.SetResult);
        interruption.Signal();
        await asked.Task;
        Assert.Empty(_events);

        interruption.Signal();
        interruption.Signal();
        Assert.Equal(["130", "130"], _events);
    }

    [Fact]
    public void Who_does_not_end_in_time_is_ended_with_a_word()
    {
        using Interruption interruption = Make();
        interruption.Signal();
        _time.Advance(Interruption.Patience - TimeSpan.FromTicks(1));
        Assert.Empty(_events);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(["usertcp: not everything could be ended in time.", "130"], _events);
    }

    private Interruption Make() => new(code => _events.Add($"{code}"), _events.Add, _time);
}
