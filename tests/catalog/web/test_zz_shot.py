"""tmp"""
from tests.catalog.web.test_board_in_chromium import *
def test_shot(browser, address):
    for w,s in ((1440,"light"),(1440,"dark"),(360,"light"),(820,"light")):
        page,_=opened(browser,address,w,s)
        page.screenshot(path=f"/tmp/board-{w}-{s}.png",full_page=w==820)
        if w==1440 and s=="light":
            page.screenshot(path="/tmp/board.png")
            for i in (1,4,7): page.locator("td summary").nth(i).click()
            page.locator(".legend summary").click()
            page.screenshot(path="/tmp/board-open.png",full_page=True)
        if w==360:
            for i in (1,4): page.locator("td summary").nth(i).click()
            page.locator("#antwerpen").scroll_into_view_if_needed(); page.evaluate("document.querySelector('#antwerpen').scrollIntoView()"); page.screenshot(path="/tmp/board-360-open.png")
