using System.IO.Pipelines;
using UserTcp.Runtime;
using UserTcp.Tcp;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Runtime;

/// <summary>
/// A reader that has consumed something enters the door only if the peer has to hear of it. The rest is left for the
/// next thread inside, or for the loop.
/// </summary>
public sealed class LazyMailTests : TurnBench
{
    private const int FirstWindow = 64 << 10;

    public LazyMailTests()
        : base(isDriven: true)
    {
    }

    [Fact]
    public void An_advance_that_opens_little_of_the_window_does_not_enter_and_its_memory_comes_back()
    {
        RunningConnection client = Connect(out RunningConnection server);
        ReadResult read = Send(server, client, 100);
        int entries = Driver!.Entries;
        client.Reader.AdvanceTo(read.Buffer.End);
        Assert.Equal(entries, Driver.Entries);
        Assert.NotEqual(0, Client.Config.Chunks.BytesOut);
        Assert.Equal(LoopSleep<FreeSteps>.Patience, Client.UntilNextTurn);

        Time.Advance(LoopSleep<FreeSteps>.Patience);
        Assert.Equal(TimeSpan.Zero, Client.UntilNextTurn);
        Assert.True(Client.Turn());
        Assert.Equal(0, Client.Config.Chunks.BytesOut);
        Assert.NotEqual(TimeSpan.Zero, Client.UntilNextTurn);
    }

    [Fact]
    public void What_was_consumed_is_served_with_the_next_call_of_any_connection()
    {
        RunningConnection client = Connect(out RunningConnection server);
        RunningConnection other = Connect(out _);
        client.Reader.AdvanceTo(Send(server, client, 100).Buffer.End);
        other.SetTrafficClass(4);
        Assert.Equal(0, Client.Config.Chunks.BytesOut);
    }

    [Fact]
    public void Bytes_that_were_examined_before_are_consumed_without_an_entry()
    {
        RunningConnection client = Connect(out RunningConnection server);
        ReadResult read = Send(server, client, FirstWindow / 2);
        client.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        DrainTurns();
        int entries = Driver!.Entries;
        client.Reader.CancelPendingRead();
        Assert.True(client.Reader.TryRead(out read));
        client.Reader.AdvanceTo(read.Buffer.End);
        Assert.Equal(entries, Driver.Entries);
    }

    [Fact]
    public void An_advance_that_owes_a_window_update_sends_it_at_once()
    {
        RunningConnection client = Connect(out RunningConnection server);
        Advance(client, Send(server, client, FirstWindow / 2), 1);
        int from = UpdateFrom(client);
        int entries = Driver!.Entries;
        int sent = 0;
        Link.Transmitting = frames => sent += frames;
        Advance(client, Read(client), from - 2);
        Assert.Equal((0, entries), (sent, Driver.Entries));
        Advance(client, Read(client), 1);
        Assert.Equal((1, entries + 1), (sent, Driver.Entries));
        Link.Transmitting = null;
    }

    [Fact]
    public void A_closed_window_is_opened_by_one_entry_however_small_the_steps()
    {
        RunningConnection client = Connect(out RunningConnection server);
        _ = server.Writer.WriteAsync(new byte[4 * FirstWindow]);
        for (int i = 0; i < 20; i++)
        {
            DrainTurns();
            Time.Advance(TimeSpan.FromMilliseconds(50)); // delayed ACKs
        }

        Assert.Equal(0, client.Look((core, _) => core.Tcb.Describe(default).ReceiveWindow));
        Advance(client, Read(client), 1);
        int segment = client.Look((core, _) => core.Tcb.Describe(default).ReceiveSegmentSize);
        int from = UpdateFrom(client);
        Assert.InRange(from, 2 * segment, 3 * segment);
        int entries = Driver!.Entries;
        int sent = 0;
        Link.Transmitting = frames => sent += frames;
        for (int examined = 1; examined < from; examined += 20)
        {
            Assert.Equal((0, entries), (sent, Driver.Entries));
            Advance(client, Read(client), 20);
        }

        Assert.Equal((1, entries + 1), (sent, Driver.Entries));
        Link.Transmitting = null;
        TurnUntil(() =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(1));
            if (client.Reader.TryRead(out ReadResult read))
                Advance(client, read, (int)read.Buffer.Length);
            return client.Look((core, _) => core.Receive.Consumed) == 4 * FirstWindow;
        });
    }

    [Fact]
    public void Consuming_everything_and_letting_go_is_FIN_and_gives_the_memory_back()
    {
        RunningConnection client = Connect(out RunningConnection server);
        client.Reader.AdvanceTo(Send(server, client, 100).Buffer.End);
        client.Detach();
        Assert.Equal(0, Client.Config.Chunks.BytesOut);
        TurnUntil(() => server.Reader.TryRead(out ReadResult end) && end.IsCompleted);
        Assert.Equal(TcpState.CloseWait, server.State);
    }

    [Fact]
    public void What_is_consumed_after_the_end_of_the_connection_gives_its_memory_back()
    {
        RunningConnection client = Connect(out RunningConnection server);
        ReadResult read = Send(server, client, 100);
        server.Abort(null);
        TurnUntil(() => client.CloseReason == UserTcpCloseReason.ResetByPeer);
        client.Reader.AdvanceTo(read.Buffer.End);
        Time.Advance(LoopSleep<FreeSteps>.Patience);
        Assert.True(Client.Turn());
        Assert.Equal(0, Client.Config.Chunks.BytesOut);
    }

    [Fact]
    public void A_request_and_its_answer_cost_one_entry_of_the_application()
    {
        RunningConnection client = Connect(out RunningConnection server);
        for (int i = 0; i < 10; i++)
        {
            ReadResult request = Send(client, server, 100);
            int entries = Driver!.Entries;
            server.Reader.AdvanceTo(request.Buffer.End);
            server.Writer.Write(new byte[200]);
            Assert.Equal(1, Driver.Entries - entries);
            ReadResult answer = default;
            TurnUntil(() => client.Reader.TryRead(out answer));
            client.Reader.AdvanceTo(answer.Buffer.End);
        }
    }

    private static void Advance(RunningConnection connection, in ReadResult read, int bytes) =>
        connection.Reader.AdvanceTo(read.Buffer.GetPosition(bytes));

    private static ReadResult Read(RunningConnection connection)
    {
        Assert.True(connection.Reader.TryRead(out ReadResult read));
        return read;
    }

    /// <summary>Has what was left served, and asks from which position on the next advance posts.</summary>
    private static int UpdateFrom(RunningConnection connection) =>
        (int)connection.Look((core, _) => core.Tcb.WindowUpdateFrom);

    /// <summary>Sends so many bytes and reads them, but for the call that gives them back.</summary>
    private ReadResult Send(RunningConnection from, RunningConnection to, int bytes)
    {
        _ = from.Writer.WriteAsync(new byte[bytes]);
        ReadResult result = default;
        TurnUntil(() =>
        {
            if (!to.Reader.TryRead(out result))
                return false;
            if (result.Buffer.Length == bytes)
                return true;
            to.Reader.AdvanceTo(result.Buffer.Start);
            return false;
        });
        return result;
    }
}

/// <summary>The same with the threads and the clock of the system.</summary>
[Collection(Support.RealTime.Name)]
public sealed class LazyMailThreadsTests
{
    [Fact(Timeout = 300_000)]
    public async Task A_stack_that_falls_idle_gives_the_memory_back_of_all_that_was_consumed()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        for (int i = 0; i < 200; i++)
        {
            await server.Output.WriteAsync(new byte[100]);
            ReadResult read = await client.Input.ReadAtLeastAsync(100);
            client.Input.AdvanceTo(read.Buffer.End);

            // Nothing here enters the door.
            while (pair.Client.Running!.Config.Chunks.BytesOut > 0)
            {
                await Task.Yield();
            }
        }
    }
}
