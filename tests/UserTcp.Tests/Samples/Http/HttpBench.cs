using System.IO.Pipelines;
using System.Text;
using HttpGet;
using HttpGet.Http;

namespace UserTcp.Tests.Samples.Http;

/// <summary>What a client makes of the bytes of a server: its answer, or the exit code of its failure.</summary>
internal sealed record HttpOutcome(ExitCode Code, HttpResponse? Response, string Body, string Message)
{
    public override string ToString() => $"{Code} {Response?.Status} \"{Body}\" {Message}";
}

/// <summary>Feeds a scripted answer to the client through a plain <see cref="Pipe"/>.</summary>
internal static class HttpBench
{
    private static readonly TimeSpan s_longSilence = TimeSpan.FromMinutes(5);

    /// <summary>The whole answer at once.</summary>
    public static Task<HttpOutcome> AnswerAsync(string answer, string method = "GET", HttpLimits? limits = null) =>
        AnswerAsync([answer], method, limits);

    /// <summary>
    /// The answer in pieces: each is read up by the client before the next one arrives. Then the end.
    /// </summary>
    public static async Task<HttpOutcome> AnswerAsync(
        string[] pieces, string method = "GET", HttpLimits? limits = null, Exception? ending = null)
    {
        // Inline schedulers: a flush returns when the client has taken what there is and waits for more.
        Pipe pipe = new(new PipeOptions(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
            pauseWriterThreshold: 0, useSynchronizationContext: false));
        Task<HttpOutcome> client = ReadAsync(pipe.Reader, method, limits ?? HttpLimits.Default, s_longSilence);
        foreach (string piece in pieces)
            await pipe.Writer.WriteAsync(Encoding.Latin1.GetBytes(piece));

        await pipe.Writer.CompleteAsync(ending);
        return await client;
    }

    /// <summary>Cuts an answer in two at every place and compares with the outcome of the whole.</summary>
    public static async Task<HttpOutcome> AnswerCutEverywhereAsync(string answer, string method = "GET")
    {
        HttpOutcome whole = await AnswerAsync(answer, method);
        for (int cut = 1; cut < answer.Length; cut++)
        {
            HttpOutcome halves = await AnswerAsync([answer[..cut], answer[cut..]], method);
            Assert.Equal(whole.ToString(), halves.ToString());
        }

        HttpOutcome bytes = await AnswerAsync([.. answer.Select(octet => octet.ToString())], method);
        Assert.Equal(whole.ToString(), bytes.ToString());
        return whole;
    }

    public static async Task<HttpOutcome> ReadAsync(
        PipeReader reader, string method, HttpLimits limits, TimeSpan silence)
    {
        using MemoryStream body = new();
        HttpResponse? response = null;
        try
        {
            HttpInput input = new(reader, silence, CancellationToken.None);
            BodySink sink = new(body, progress: null, CancellationToken.None);
            response = await HttpHeadReader.ReadAsync(input, method, limits);
            await new HttpBodyReader(input, limits, sink).CopyAsync(response.Body);
            return new(ExitCode.Ok, response, Text(body), "");
        }
        catch (GetException failure)
        {
            return new(failure.Code, response, Text(body), failure.Message);
        }
    }

    private static string Text(MemoryStream body) => Encoding.Latin1.GetString(body.ToArray());
}
