using System.Globalization;
using System.Net.Http.Headers;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Get;

/// <summary>Fetches one page: the body to its destination, everything else to the standard error.</summary>
/// <param name="session">The way to the server.</param>
/// <param name="wishes">How it is to be fetched.</param>
/// <param name="output">Where to tell of it.</param>
/// <param name="codeOf">The exit codes of failures.</param>
internal sealed class GetRun(
    NetworkSession session, HttpWishes wishes, ToolOutput output, Func<Failure, int> codeOf)
{
    // As curl waits: a second at first, twice as long each time, ten minutes at most.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(10);

    /// <exception cref="ToolException">It could not be fetched.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var file = new BodyFile(
            wishes.OutputFile, output.IsJson ? null : output.Console.Output, wishes.ResumeAt);
        if (wishes.ResumeAt > 0)
            file.Open(isNewAttempt: true); // as curl does, which may leave an empty one
        TimeSpan wait = TimeSpan.FromSeconds(1);
        for (int left = wishes.Retries; ; left--)
        {
            var attempt = new HttpAttempt(session, wishes, file, output);
            ToolException? failure = await TryAsync(attempt, cancellationToken);
            if (left > 0 && MayPass(attempt, failure) is { } reason)
            {
                await WaitAsync(attempt, reason, wait, left, cancellationToken);
                wait = TimeSpan.FromTicks(Math.Min(2 * wait.Ticks, s_longestWait.Ticks));
                continue;
            }

            End(attempt, failure);
            return;
        }
    }

    private static async Task<ToolException?> TryAsync(HttpAttempt attempt, CancellationToken cancellationToken)
    {
        try
        {
            await attempt.RunAsync(cancellationToken);
            return null;
        }
        catch (ToolException failure)
        {
            return failure;
        }
    }

    // Curl takes these for transient: timeouts, names that cannot be resolved, and some answers.
    private static string? MayPass(HttpAttempt attempt, ToolException? failure)
    {
        if (failure is { Failure: Failure.TimedOut or Failure.Name })
            return failure.Message;
        if (failure is not (null or { Failure: Failure.HttpStatus }))
            return null;

        int status = (int)(attempt.Response?.StatusCode ?? 0);
        return status is 408 or 429 or 500 or 502 or 503 or 504 ? $"The server answered {status}." : null;
    }

    private async Task WaitAsync(
        HttpAttempt attempt, string reason, TimeSpan wait, int left, CancellationToken cancellationToken)
    {
        TimeProvider time = output.Console.Time;
        if (attempt.Response?.Headers.RetryAfter is { } after && WaitOf(after, time) is var asked && asked > wait)
            wait = asked;

        Task over = Task.Delay(wait, time, cancellationToken);
        if (!wishes.IsSilent)
        {
            string seconds = wait.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
            output.Note($"{reason} The next attempt begins in {seconds} s; {left} are left.");
        }

        await over;
    }

    private static TimeSpan WaitOf(RetryConditionHeaderValue after, TimeProvider time)
    {
        TimeSpan wait = after.Delta ?? after.Date!.Value - time.GetUtcNow();
        TimeSpan longest = TimeSpan.FromMilliseconds(int.MaxValue); // of timers
        return wait < longest ? wait : longest;
    }

    private void End(HttpAttempt attempt, ToolException? failure)
    {
        if (failure is null && (output.IsJson || !wishes.IsSilent))
            GetReport.Tell(attempt, output);
        if (wishes.WriteOut is { } format)
        {
            int code = failure is null ? 0 : codeOf(failure.Failure);
            format.Write(new WriteOutValues(wishes, attempt, code, failure?.Message), output.Console);
        }

        if (failure is not null)
            throw failure;
    }
}
